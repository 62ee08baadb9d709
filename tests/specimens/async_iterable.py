"""Specimens for the rules about async iterables."""
