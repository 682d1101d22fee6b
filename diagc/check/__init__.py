"""Surface tree to diagram, with every error of a file in one run."""
