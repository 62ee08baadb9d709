"""What a terminal shows while a battery runs: in a pseudo-terminal, by a process of its own."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO

import pytest

from tests.conftest import RunPytest

PROGRESS = re.compile(r"\x1b7(.*?)\x1b\[K\x1b8")
COLOUR = re.compile(r"\x1b\[\d*m")

TESTS = """
    import pytest
    from pytest_asyncprotocol import assert_async_iterator
    from subjects import Ticker

    @pytest.fixture
    def proved():
        assert_async_iterator(Ticker, select=["AI001"])

    def test_it(proved, capfd):
        print("said by the test")
        assert_async_iterator(Ticker)
        assert "said by the test\\n" == capfd.readouterr().out

    def test_of_something_else():
        pass
"""

IMPATIENT = """
    from pytest_asyncprotocol.plugin import progress

    progress.PATIENCE = progress.PAUSE = 0
"""


Terminal = Callable[..., str]


@pytest.fixture
def terminal(pytester: pytest.Pytester, run_pytest: RunPytest) -> Terminal:
    """Runs pytest on a terminal of 80 columns, and gives all that it wrote there."""
    pytester.makepyfile(test_it=TESTS)
    pytester.makeconftest(IMPATIENT)

    def run(*arguments: str) -> str:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "pytest", "-p", "pytest_asyncprotocol.plugin"]
        process = subprocess.Popen(
            [*command, "--asyncprotocol-examples=3", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            cwd=pytester.path,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        )
        os.close(theirs)
        with os.fdopen(ours, "rb", buffering=0) as reader:
            written = b"".join(_until_closed(reader)).decode()
        assert 0 == process.wait(), written
        return written

    return run


def _until_closed(reader: IO[bytes]) -> Iterator[bytes]:
    """What comes out of a terminal, up to the error with which Linux tells its end."""
    with suppress(OSError):
        while read := reader.read(65536):
            yield read


@pytest.mark.parametrize(
    ("arguments", "line"),
    [((), "test_it.py .."), (("-s",), "test_it.py .."), (("-v",), "test_it.py::test_it PASSED")],
    ids=["captured", "uncaptured", "verbose"],
)
def test_what_is_checked_is_shown_and_erased(
    terminal: Terminal, arguments: tuple[str, ...], line: str
) -> None:
    """In the set-up too; what pytest writes stays in its place, and what is captured apart."""
    written = terminal(*arguments)
    shown = PROGRESS.findall(written)

    assert "  test_it: AI001 on asyncio" == shown[0]
    assert "  test_it: AI005 on trio" in shown
    assert "  test_it: sequence 2 of 3 on trio" in shown
    assert "" == shown[-1]
    assert line in COLOUR.sub("", PROGRESS.sub("", written))
    assert not [each for each in shown if "something_else" in each]


def test_a_line_that_is_full_is_left_alone(terminal: Terminal, pytester: pytest.Pytester) -> None:
    """What is shown never wraps, for it could not be erased then."""
    name = "test_" + "x" * 45
    pytester.makepyfile(**{name: TESTS})

    shown = PROGRESS.findall(terminal(f"{name}.py"))

    assert shown
    assert max(map(len, shown)) == 80 - len(f"{name}.py ") - 1
    pytester.makepyfile(**{name + "xxxx": TESTS})
    assert [] == PROGRESS.findall(terminal(f"{name}xxxx.py"))


@pytest.mark.parametrize("arguments", [("-q",), ("--color=no",), ("-p", "no:terminal")])
def test_nothing_is_shown_where_nobody_looks(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    """Not with -q, and not where a terminal is to be without control sequences."""
    assert [] == PROGRESS.findall(terminal(*arguments))


def test_nothing_is_shown_in_a_file(terminal: Terminal, run_pytest: RunPytest) -> None:
    """A log of CI has no line that is erased, with colours or without."""
    run = run_pytest("--color=yes", "--asyncprotocol-examples=3")

    assert {"passed"} == set(run.outcomes().values())
    assert "\x1b[32m" in run.out
    assert [] == PROGRESS.findall(run.out)
