"""What each namespace and each ServiceAccount is given."""
