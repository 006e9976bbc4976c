"""What decides where a pod may run (filters), and where it should (scores). Pure."""
