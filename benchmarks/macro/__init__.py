"""Whole clusters, through the public API."""
