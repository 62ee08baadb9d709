"""Rules about an async iterator that several tasks use at once."""
