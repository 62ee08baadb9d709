"""Rules about the generator behind an async context manager."""
