"""Actors on asyncio: mailboxes, typed asks, supervision, clock, seeded randomness.

Knows nothing of Kubernetes. Nothing here may import from another package of kubelite.
"""
