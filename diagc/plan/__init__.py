"""Choosing a schedule: what is streamed, what stays on chip, what each program computes."""
