"""Sessions of pytest in processes of their own, each forked from one that has imported a lot.

Most of what a session takes is the import of pytest, trio and the checker. Run as a module, this
reads one JSON request a line, carries each out in a fork, and prints the exit code of that.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

import pytest_asyncprotocol

OUT, ERR = "stdout", "stderr"
"""The files that the output of a session is written to."""


class Sessions:
    """Runs sessions of pytest one after the other, by a *server* that this module is run in."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def run(self, arguments: Iterable[str], output: Path) -> int:
        """Run pytest as this process would, with its output in *output*; give its exit code."""
        request = {
            "arguments": list(arguments),
            "folder": str(Path.cwd()),
            "output": str(output),
            "environment": dict(os.environ),
        }
        _channel(self._server.stdin).write(json.dumps(request) + "\n")
        _channel(self._server.stdin).flush()
        return int(_channel(self._server.stdout).readline())


@contextmanager
def serving() -> Generator[Sessions]:
    """Start the server, and end it."""
    command = [sys.executable, "-m", __name__]
    pipe = subprocess.PIPE
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root) as server:
        yield Sessions(server)
        _channel(server.stdin).close()


def _channel(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _import_a_lot() -> None:
    """Import what sessions need, but for plugins, whose assertions pytest rewrites."""
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    sources = Path(pytest_asyncprotocol.__file__).parent
    for path in sources.rglob("*.py"):
        parts = path.relative_to(sources.parent).with_suffix("").parts
        if "plugin" not in parts and "snippets" not in parts:
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    for name in ("anyio._backends._asyncio", "anyio._backends._trio", "hypothesis"):
        importlib.import_module(name)
    # So pytest does not warn that it comes too late to rewrite its assertions.
    importlib.import_module("anyio").__doc__ = "PYTEST_DONT_REWRITE"


def _carry_out(request: dict[str, Any]) -> None:
    """Become a process that was started by ``python -m pytest``."""
    output = Path(request["output"])
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    more = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [request["folder"], *filter(None, more)]
    sys.argv = ["pytest", *request["arguments"]]
    _reopen(0, os.devnull, os.O_RDONLY)
    _reopen(1, output / OUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    _reopen(2, output / ERR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    exit_code = pytest.main()
    # What the server has imported is not looked through once more at the end.
    gc.freeze()
    sys.exit(exit_code)


def _reopen(descriptor: int, path: str | Path, flags: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


def _serve() -> None:
    _import_a_lot()
    while line := sys.stdin.readline():
        process = os.fork()
        if process == 0:
            _carry_out(json.loads(line))
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
