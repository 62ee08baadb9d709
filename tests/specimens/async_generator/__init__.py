"""Specimens of the rules in `rules/async_generator`."""
