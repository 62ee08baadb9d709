"""Specimens for the rules about async context managers."""
