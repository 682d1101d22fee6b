"""Gradient flow as a series of diagrams: exact expansions of the expected loss, their limits and their sums."""
