"""Who is asking: the cluster's certificates and tokens, authentication, impersonation."""
