"""Rules for awaitables."""

from __future__ import annotations
