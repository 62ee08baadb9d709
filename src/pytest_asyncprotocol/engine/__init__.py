"""The loops that checks run on: backends, the virtual clock, the watch, hygiene."""
