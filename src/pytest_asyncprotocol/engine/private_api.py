"""Every private name of trio, anyio, asyncio and Python that the engine uses.

Those of the libraries are optional: each function says by its result that one is missing. Tests
hold them against the installed releases.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import functools
import gc
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

UNKNOWN = -1.0


def seed_trio(seed: int) -> bool:
    """Make trio's choice among runnable tasks repeatable; False where that can't be done."""
    generator = getattr(_trio_run(), "_r", None)
    if generator is None:
        return False
    generator.seed(seed)
    return True


@contextmanager
def deterministic_trio() -> Generator[None]:
    """Let trio order the tasks of a batch before it draws, as its Hypothesis plugin does.

    Does nothing where trio was not imported.
    """
    run = _trio_run()
    generator = getattr(run, "_r", None)
    flag = "_ALLOW_DETERMINISTIC_SCHEDULING"
    if generator is None or not hasattr(run, flag):
        yield
        return
    state, allowed = generator.getstate(), getattr(run, flag)
    setattr(run, flag, True)
    try:
        yield
    finally:
        setattr(run, flag, allowed)
        generator.setstate(state)


def asyncio_next_timer(loop: Any) -> float | None:
    """When the next timer of an asyncio *loop* is due; None if unknown."""
    scheduled = getattr(loop, "_scheduled", None)
    return float(scheduled[0].when()) if scheduled else None


def asyncio_callbacks(loop: Any) -> int:
    """How many callbacks and timers wait in an asyncio *loop*; none where that is unknown."""
    scheduled = [each for each in getattr(loop, "_scheduled", ()) if not each.cancelled()]
    return len(getattr(loop, "_ready", ())) + len(scheduled)


def forget_asyncio_task(task: Any) -> bool:
    """Let the end of asyncio's loop not wait for *task*; False where that can't be done."""
    tasks = sys.modules.get("asyncio.tasks")
    known = ("_unregister_task", "_unregister_eager_task")
    forgetting = [getattr(tasks, name) for name in known if hasattr(tasks, name)]
    for forget in forgetting:
        forget(task)
    return bool(forgetting)


def trio_idle_cushion() -> float | None:
    """The shortest wait of a pending `trio.testing.wait_all_tasks_blocked`, in seconds.

    None if nobody waits for that; `UNKNOWN` where it can't be known.
    """
    waiting = _private(_trio_runner(), "waiting_for_idle")
    if waiting is None:
        return UNKNOWN
    return float(next(iter(waiting))[0]) if waiting else None


def trio_awaited_descriptors() -> list[int] | None:
    """The file descriptors that trio's tasks wait for; None where they can't be known."""
    runner = _trio_runner()
    registered = _private(_private(runner, "io_manager"), "_registered")
    wakeup = _private(_private(_private(runner, "entry_queue"), "wakeup"), "wakeup_sock")
    if registered is None or wakeup is None:
        return None
    own = wakeup.fileno()
    return [
        descriptor
        for descriptor, waiters in list(registered.items())
        if descriptor != own and (waiters.read_task is not None or waiters.write_task is not None)
    ]


def trio_cancel_scopes(task: Any) -> Iterator[tuple[object, Any]]:
    """What stands for each cancel scope around *task*, and that scope, innermost first."""
    status = _private(task, "_cancel_status")
    while status is not None:
        yield status, _private(status, "_scope")
        status = _private(status, "_parent")


def lift_trio_shields(task: Any) -> None:
    """Have cancellations arrive in *task*; does nothing where that can't be done."""
    for _, scope in trio_cancel_scopes(task):
        if scope is not None and scope.shield:
            scope.shield = False


def anyio_cancel_scopes(task: Any) -> Iterator[object]:
    """The cancel scopes of anyio around a *task* of asyncio, innermost first."""
    states = _private(_anyio(), "_task_states")
    state = None if states is None or task is None else states.get(task)
    scope = _private(state, "cancel_scope")
    while scope is not None:
        yield scope
        scope = _private(scope, "_parent_scope")


def asyncio_task_groups(task: Any) -> list[object]:
    """The task groups that *task* has entered, and not begun to leave."""
    return [
        group
        for group in _objects_of(asyncio.TaskGroup)
        if _private(group, "_parent_task") is task and _private(group, "_exiting") is False
    ]


def asyncio_timeouts(task: Any) -> list[object]:
    """The time-outs of asyncio that *task* has entered, and not left."""
    return [
        timeout
        for timeout in _objects_of(asyncio.Timeout)
        if _private(timeout, "_task") is task
        and _private(_private(timeout, "_state"), "name") in ("ENTERED", "EXPIRING")
    ]


def _objects_of(cls: type) -> list[object]:
    """No register has them, but the garbage collector."""
    return [each for each in gc.get_objects() if issubclass(type(each), cls)]


def asyncio_expects(trap: object) -> bool:
    """Whether *trap* is a future that a coroutine hands to a loop of asyncio, to be awaited."""
    return getattr(trap, "_asyncio_future_blocking", None) is True


def asyncio_wait_for_is_done(frame: FrameType) -> bool:
    """Whether *frame* is of an `asyncio.wait_for`, and what that waits for is done already."""
    if frame.f_code is not asyncio.wait_for.__code__:
        return False
    awaited = frame.f_locals.get("fut")
    return awaited is not None and bool(awaited.done())


def end_anyio_call(error: BaseException) -> bool:
    """Have anyio's trio runner, which called us, give *error*; False where that can't be done.

    It waits for an outcome that no longer comes once its loop has broken.
    """
    for frame in outward(sys._getframe()):
        outcomes: Any = frame.f_locals.get("outcome_holder")
        if frame.f_code.co_name == "_call_in_runner_task" and type(outcomes) is list:
            cast("Any", outcomes).append(sys.modules["outcome"].Error(error))
            return True
    return False


def trio_thread_file() -> str:
    """The file whose code runs in the threads that trio keeps for later; empty where unknown."""
    return _private(sys.modules.get("trio._core._thread_cache"), "__file__") or ""


def trio_generators_file() -> str:
    """The file whose code warns of async generators that were dropped; empty where unknown."""
    return _private(sys.modules.get("trio._core._asyncgens"), "__file__") or ""


def frames_of(thread: threading.Thread) -> Iterator[FrameType]:
    """Where *thread* is, from the inside outward; nothing where it does not run."""
    return outward(sys._current_frames().get(thread.ident or -1))


def outward(frame: FrameType | None) -> Iterator[FrameType]:
    """*frame*, the one that called it, and so on."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_pool_thread(thread: threading.Thread) -> bool:
    """Whether *thread* belongs to a `ThreadPoolExecutor`; false where that is unknown."""
    target = getattr(thread, "_target", None)
    return target is not None and target is getattr(concurrent.futures.thread, "_worker", None)


def idles_in_a_pool(thread: threading.Thread) -> bool:
    """Whether *thread* belongs to an executor, and waits for work there."""
    worker = getattr(concurrent.futures.thread, "_worker", None)
    frame = next(frames_of(thread), None)
    if frame is None or worker is None or frame.f_code is not worker.__code__ or _submitted:
        return False
    queue = frame.f_locals.get("work_queue")
    return queue is not None and bool(queue.empty())


_submitted: set[concurrent.futures.Future[Any]] = set()


@contextmanager
def counted_submissions() -> Generator[None]:
    """Have no thread of an executor count as idle while there is work that is not done.

    A thread that was given work, and has not got hold of the interpreter yet, looks idle.
    """
    executor = cast("Any", concurrent.futures.ThreadPoolExecutor)
    submit = executor.submit

    @functools.wraps(submit)
    def counted(self: Any, fn: Any, /, *arguments: Any, **details: Any) -> Any:
        future = submit(self, fn, *arguments, **details)
        _submitted.add(future)
        future.add_done_callback(_submitted.discard)
        return future

    executor.submit = counted
    try:
        yield
    finally:
        executor.submit = submit


def anyio_worker_type() -> type | None:
    """The class of the threads that run `anyio.to_thread` on asyncio; None where unknown."""
    found = _private(_anyio(), "WorkerThread")
    return found if isinstance(found, type) else None


def anyio_busy_workers() -> int | None:
    """How many of those threads have work, asked for in the loop's own thread."""
    workers = _private(_anyio(), "_threadpool_workers")
    idle = _private(_anyio(), "_threadpool_idle_workers")
    if workers is None or idle is None:
        return None
    # Between two tasks sniffio, which anyio asks, knows of no library.
    library = _private(sys.modules.get("sniffio"), "current_async_library_cvar")
    token = None if library is None else library.set("asyncio")
    try:
        return len(workers.get()) - len(idle.get())
    except (LookupError, RuntimeError):
        return 0
    finally:
        if library is not None:
            library.reset(token)


def _trio_run() -> Any:
    return sys.modules.get("trio._core._run")


def _trio_runner() -> Any:
    return _private(_private(_trio_run(), "GLOBAL_RUN_CONTEXT"), "runner")


def _anyio() -> Any:
    return sys.modules.get("anyio._backends._asyncio")


def _private(holder: object, name: str) -> Any:
    """The attribute *name* of *holder*; None where this release has no such thing."""
    return getattr(holder, name, None)
