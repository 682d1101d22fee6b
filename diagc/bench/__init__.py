"""Measurements of what is emitted beside its peers, with their provenance."""
