"""What a schedule costs, in closed form: values moved, memory, operations, time. No search and no diagrams."""
