"""Tests for an environment without trio; the tox env ``no-trio`` runs them."""
