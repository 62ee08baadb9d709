"""Rules about what is open around a `yield`: cancel scopes, task groups, context variables."""
