"""Passes: diagram to diagram, each a frozen dataclass whose fields are its options."""
