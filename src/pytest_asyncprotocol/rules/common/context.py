"""Rules about the context of the caller: context variables, cancel scopes."""
