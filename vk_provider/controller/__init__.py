"""The controller: turns `Cluster` objects into virtual clusters, and keeps them so."""
