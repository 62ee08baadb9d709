"""Specimens of the rules in `rules/async_context_manager`."""
