"""What rules are written with: standard scenarios, stepping, the cancellation sweep."""
