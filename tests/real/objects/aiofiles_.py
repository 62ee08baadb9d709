"""aiofiles."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiofiles
import aiofiles.tempfile

from tests.real import ASYNCIO, ITERATOR, MANAGER, real


@real(MANAGER, backends=ASYNCIO)
async def open_() -> AsyncIterator[Any]:
    with tempfile.NamedTemporaryFile() as file:
        yield aiofiles.open(file.name)


@real(ITERATOR, backends=ASYNCIO, items=["a\n", "b\n"])
async def lines() -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines"
        path.write_text("a\nb\n")
        async with aiofiles.open(path) as file:
            yield file


@real(MANAGER, backends=ASYNCIO)
def temporary_directory() -> Any:
    return aiofiles.tempfile.TemporaryDirectory()


@real(MANAGER, backends=ASYNCIO)
def temporary_file() -> Any:
    return aiofiles.tempfile.TemporaryFile()
