"""A cluster of Ray nodes on this machine, measured and disturbed: `make bench-scale`."""
