"""Design problems: families of machines for a workload, and systems of monotone components."""
