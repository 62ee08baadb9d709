"""pyzmq, between two sockets of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import zmq
import zmq.asyncio

from tests.real import ASYNCIO, AWAITABLE, real


@real(AWAITABLE, backends=ASYNCIO, returns=b"hello")
async def receive() -> AsyncIterator[Any]:
    context = zmq.asyncio.Context()
    with context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as other:
        one.bind("inproc://here")
        other.connect("inproc://here")
        await one.send(b"hello")
        yield other.recv()
    context.term()
