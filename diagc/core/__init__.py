"""The mathematics: axes, operators, folds, diagrams and rewriting. Nothing here knows a file, a machine or a format."""
