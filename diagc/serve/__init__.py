"""The local page: an editor beside figure, cost, derivation and code, served to this machine alone."""
