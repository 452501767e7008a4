"""What the tenant's pods use, in the formats of a kubelet and under the names that the tenant gave.

The host's kubelets know, and its metrics API knows a little less; which of them may be asked is the host's to decide.
"""
