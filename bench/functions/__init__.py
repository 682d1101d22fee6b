"""Forty functions as people write them, and whether their best known forms are found."""
