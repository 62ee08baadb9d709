"""Stateful exploration: sequences of operations, drawn, run and judged by state machines."""
