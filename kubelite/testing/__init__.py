"""Shipped to users: virtual time and builders for tests.
"""
