"""What the methods of an async generator look like."""
