"""How a script shows that a rule is violated."""

from __future__ import annotations

import typing
from dataclasses import dataclass

if typing.TYPE_CHECKING:
    from pytest_asyncprotocol.model.rule import Rule


class Snippet(typing.Protocol):
    """A function of `snippets`."""

    __name__: str

    def __call__(self, *args: typing.Any, **kwargs: typing.Any) -> object:
        """Called in the script alone."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What a script does besides, or instead of, the recorded calls: a decorator above `rule`.

    The functions are those of `snippets`; each gets what its parameters are named for.

    Attributes:
        use: what takes the place of the calls.
        unused: what takes their place where nothing was called.
        each_call: what each call is put through.
        profiler: what sees all functions that are called meanwhile.
        afterwards: what is called after the calls.
        seconds: how much time other tasks get after the calls.
        released_at_once: whether ``released=`` is asked before they get it.
        in_two_loops: whether a second event loop does the same again.
        eager: whether tasks are eager.
    """

    use: Snippet | None = None
    unused: Snippet | None = None
    each_call: Snippet | None = None
    profiler: Snippet | None = None
    afterwards: Snippet | None = None
    seconds: float = 0.1
    released_at_once: bool = False
    in_two_loops: bool = False
    eager: bool = False

    def __call__(self, rule: Rule) -> Rule:
        """Have *rule* be shown like this."""
        return rule.but(shown_by=self)


AS_RECORDED: typing.Final = Shown()
