"""The control loops of kube-controller-manager: pure plans, and a shell around each that acts."""
