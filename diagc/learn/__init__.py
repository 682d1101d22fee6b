"""Data, weights and runs of training."""
