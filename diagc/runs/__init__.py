"""Invariants of training runs: what stays the same under symmetries and along paths of low loss."""
