"""The search against its peers: `python -m benchmarks.search`."""
