"""Rules for async context managers."""

from __future__ import annotations
