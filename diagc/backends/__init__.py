"""What a diagram becomes: NumPy values, JAX source, Triton source. A back end reads diagrams and never changes them."""
