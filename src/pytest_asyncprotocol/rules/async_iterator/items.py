"""Which items an async iterator may give, and what may end it."""
