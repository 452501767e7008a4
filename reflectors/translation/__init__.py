"""The host form of a virtual object, and the virtual form of a host object's status.

Pure functions: no I/O, no clock, no randomness, no logging; what they are given they never change. `pod_writes` is
where to start reading: it decides which write comes next.
"""
