"""N pods alive: ReplicationControllers and ReplicaSets, one behind the other as in Kubernetes."""
