"""Rules about a hand-written iterator that passes on what the loop sends and throws."""
