"""The control loops of kube-controller-manager, a file or a package each: pure plans and the shell around them."""
