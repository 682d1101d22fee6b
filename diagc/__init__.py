"""diagc: a compiler for diagrams of deep learning."""

__version__ = "0.1.0"
