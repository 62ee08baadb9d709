"""The nouns: protocols, declarations, subjects, rules, verdicts."""
