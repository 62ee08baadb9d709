"""Rules about the event loop that a subject is made and used in."""
