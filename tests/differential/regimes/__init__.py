"""The regimes of `specs/learning` in plain JAX, each as a program by itself."""
