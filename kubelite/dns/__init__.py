"""Cluster DNS: records from Services and EndpointSlices, and the servers which answer.
"""
