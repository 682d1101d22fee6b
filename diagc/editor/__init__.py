"""What editors ask: where a name is declared and used, its type, errors as one types, one style."""
