"""What keeps the host's copy of a virtual object true, and carries its status back: one module a kind."""
