"""Specimens for the rules about awaitables."""
