"""Specimens of the rules in `rules/common`."""
