"""How fast besom is, beside a peer that does the same on the same machine: `python -m benchmarks`."""
