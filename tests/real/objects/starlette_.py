"""starlette."""

from __future__ import annotations

from typing import Any

from anyio.lowlevel import checkpoint
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from tests.real import AWAITABLE, GENERATOR, ITERABLE, real


def _request() -> Request:
    messages = [
        {"type": "http.request", "body": b"abc", "more_body": True},
        {"type": "http.request", "body": b"def", "more_body": False},
    ]

    async def receive() -> Any:
        await checkpoint()
        return messages.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    return Request(scope, receive)


@real(GENERATOR, items=[b"abc", b"def", b""])
def request_stream() -> Any:
    return _request().stream()


@real(AWAITABLE, returns=b"abcdef")
def request_body() -> Any:
    return _request().body()


@real(ITERABLE, items=["a", "b"])
def body_iterator() -> Any:
    return StreamingResponse(iter(["a", "b"])).body_iterator


@real(GENERATOR, items=[1, 2])
def threadpool() -> Any:
    return iterate_in_threadpool(iter([1, 2]))


@real(AWAITABLE, returns="x")
def in_threadpool() -> Any:
    return run_in_threadpool(str, "x")
