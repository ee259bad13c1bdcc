"""Faults at random for as long as asked: `python -m benchmarks.chaos --faults 1000 --seed 1`."""
