"""Rules about an awaitable that several tasks await, or that is awaited after a cancellation."""
