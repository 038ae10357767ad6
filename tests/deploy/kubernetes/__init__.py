"""What the Kubernetes manifests promise, as rules over objects."""
