"""Rules about the clean-up of an async generator."""
