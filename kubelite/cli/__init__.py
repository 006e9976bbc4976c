"""The front door for people: demo, up, run."""
