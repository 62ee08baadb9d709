"""What an async iterator does after an error, its own or that of its producer."""
