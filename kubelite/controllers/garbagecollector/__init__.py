"""Objects whose owners are gone, go."""
