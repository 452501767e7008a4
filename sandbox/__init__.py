"""A real Kubernetes on this machine, for the demo, the tests and the benchmarks. Never imported by the product."""
