"""Better code for functions of other frameworks: what was found, what it costs, and modules that stand for them."""
