"""Rules for async iterables."""

from __future__ import annotations
