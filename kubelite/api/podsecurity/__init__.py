"""Pod Security Standards: what baseline and restricted forbid in pods, by version of Kubernetes."""
