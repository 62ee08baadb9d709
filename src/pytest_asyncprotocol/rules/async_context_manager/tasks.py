"""Rules about an async context manager and the tasks around it."""
