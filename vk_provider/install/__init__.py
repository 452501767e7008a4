"""What is installed on a host cluster: `vkp install` applies it, and `manifests/` is written from it."""
