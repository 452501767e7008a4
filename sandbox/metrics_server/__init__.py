"""A stand-in for metrics-server, which cannot be had here: it scrapes kubelets, and serves `metrics.k8s.io`.

What it takes from a scrape and what it tells of two of them is decided by the real one's rules, so that what pleases it
pleases that one. It runs as a pod of the test image, which its modules get into by a ConfigMap; they need nothing but
Python's standard library there.
"""
