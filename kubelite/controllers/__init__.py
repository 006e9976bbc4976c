"""The control loops of kube-controller-manager, one file each: a pure plan and its declaration."""
