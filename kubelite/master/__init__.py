"""The control plane: the store, the API server and its REST door."""
