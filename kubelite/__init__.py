"""kubelite: a whole Kubernetes cluster inside one Python process."""
