"""Checks of emitted code: static ones on compiled kernels, and runs against the float64 reference."""
