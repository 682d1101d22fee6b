"""Derivatives of diagrams: reverse and forward sweeps over one table of partial derivatives."""
