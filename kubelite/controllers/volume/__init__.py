"""Claims find volumes, or get new ones; neither goes while it is used."""
