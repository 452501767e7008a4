"""The provider: the data-plane daemon of one virtual cluster. Wiring only."""
