"""Specimens of the rules in `rules/awaitable`."""
