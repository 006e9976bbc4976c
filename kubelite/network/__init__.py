"""The wires: addresses, who listens where, in-memory pipes, real sockets, destination translation.
"""
