"""Functions of other frameworks as diagrams."""
