"""Deployments: a ReplicaSet for each template, and the way from the old ones to the new one."""
