"""aiofiles: files that are read in worker threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiofiles
import aiofiles.tempfile
import pytest

from pytest_asyncprotocol import assert_async_context_manager, assert_awaitable, conformance

ASYNCIO = ("asyncio",)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    """A file of two lines."""
    path = tmp_path / "poem.txt"
    path.write_text("roses\nviolets\n", encoding="utf-8")
    return path


def test_opening(poem: Path) -> None:
    """aiofiles.open() as a context manager gives an open file, and closes it."""
    assert_async_context_manager(
        lambda: aiofiles.open(poem, encoding="utf-8"),
        value=lambda file: not file.closed,
        backends=ASYNCIO,
    )


@conformance.async_iterator(items=["roses\n", "violets\n"], backends=ASYNCIO)
async def test_lines(poem: Path) -> AsyncIterator[object]:
    """A file of aiofiles iterates over its lines."""
    async with aiofiles.open(poem, encoding="utf-8") as file:
        yield file


@pytest.mark.asyncio
async def test_reading(poem: Path) -> None:
    """file.read() is a coroutine."""
    async with aiofiles.open(poem, encoding="utf-8") as file:
        await assert_awaitable(
            file.readline, returns=lambda line: isinstance(line, str), reawait="error"
        )


def test_temporary_directory() -> None:
    """A temporary directory of aiofiles exists in the body only."""
    assert_async_context_manager(
        aiofiles.tempfile.TemporaryDirectory,
        value=lambda name: Path(name).is_dir(),
        backends=ASYNCIO,
    )
