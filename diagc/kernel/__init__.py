"""The loop-level IR of one kernel, and the lowering of a planned diagram into it."""
