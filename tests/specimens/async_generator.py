"""Specimens for the rules about async generators."""
