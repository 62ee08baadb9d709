"""Rules for async generators."""

from __future__ import annotations
