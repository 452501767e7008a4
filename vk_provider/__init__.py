"""Virtual Kubernetes clusters on one host cluster."""
