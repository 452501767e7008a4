"""The kubelet API of the virtual node: what an API server, a metrics-server or a Prometheus asks a kubelet for.

Whatever concerns a container is answered by the host's API server; a `PodDirectory` says where each virtual pod runs.
"""
