"""A `k3s` for tests and the demo, where the real one cannot be had: the same Kubernetes programs behind its face.

What the controller relies on is here as in the real one: flags and configuration files, data directory, certificates,
token, datastores and their joining, packaged manifests. It runs inside an image of its own, with Debian's Python and
nothing of this project around it.
"""
