"""Rules about the steps of an async iterator as suspension points."""
