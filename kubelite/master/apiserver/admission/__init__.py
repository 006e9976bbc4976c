"""What other objects have to say about a write: namespaces, service accounts, priorities, tolerations."""
