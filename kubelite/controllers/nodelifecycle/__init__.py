"""What follows from the health of nodes: taints, evictions, the end of pods whose node is gone."""
