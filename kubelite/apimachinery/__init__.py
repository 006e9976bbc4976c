"""The grammar of the Kubernetes API, pure: no event loop, no clock, no I/O, no randomness."""
