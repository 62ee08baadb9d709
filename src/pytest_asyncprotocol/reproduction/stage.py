"""The parts that scripts are put together from, as source text; each only where it is used."""

from __future__ import annotations

SHOWN = """\
def shown(value):
    if isinstance(value, BaseExceptionGroup):
        return f"{type(value).__name__}[{', '.join(map(shown, value.exceptions))}]"
    try:
        text = repr(value)
        if isinstance(value, BaseException):
            text = f"{type(value).__name__}: {value}"
    except Exception as error:
        return f"<{type(value).__name__} whose __repr__ raised {type(error).__name__}>"
    return " ".join(re.sub(r" at 0x[0-9a-fA-F]+", "", text).split()).removesuffix(":")
"""

STEPS = '''\
class Steps:
    """Awaits *awaitable*; calls *hook* with the number of each suspension."""

    def __init__(self, awaitable, hook, hold, close_at):
        self.awaitable, self.hook, self.hold, self.close_at = awaitable, hook, hold, close_at

    def __await__(self):
        async def awaiting():
            return await self.awaitable

        steps = awaiting()
        step, value, number = steps.send, None, 0
        while True:
            try:
                trap = step(value)
            except StopIteration as end:
                return end.value
            finally:
                step = value = None
            number += 1
            Steps.trap = trap
            self.hook(number)
            try:
                step, value = steps.send, (yield trap)
                if number in self.hold:
                    yield from reached(*self.hold[number]).__await__()
            except BaseException as error:
                step, value = steps.throw, error
            if number == self.close_at:
                steps.close()
                return "what close() let it: nothing"
'''

PLAIN_CALL = '''\
async def call(line, begin):
    """Await what *begin* gives, and print what came of it."""
    doing.append(line)
    at_the_call = " at the call, before there was anything to await"
    try:
        awaitable = begin()
        at_the_call = ""
        value = await awaitable
    except BaseException as error:
        print(f"{line} -> raised {shown(error)}{at_the_call}")
        return error
    finally:
        doing.remove(line)
    print(f"{line} -> returned {shown(value)}")
    return value
'''

CALL = '''\
suspended_times = {}


async def call(line, begin, cancel=(0, None), after=(), hold={}, passes_on=False, close_at=0):
    """Await what *begin* gives, and print what came of it.

    Cancelled in suspension *cancel*; begun when another call has come as far as *after* says.
    """
    for each in after:
        await reached(*each)

    def suspended(number):
        suspended_times[line] = number
        reach(line, number)
        if number == cancel[0]:
            cancel[1]()

    doing.append(line)
    reach(line, 0)
    at_the_call = " at the call, before there was anything to await"
    try:
        awaitable = begin()
        at_the_call = ""
        value = await Steps(awaitable, suspended, hold, close_at)
    except BaseException as error:
        if passes_on and type(error).__name__ in ("CancelledError", "Cancelled"):
            print(f"{line} -> let the cancellation through")
            raise
        print(f"{line} -> raised {shown(error)}{at_the_call}")
        return error
    else:
        print(f"{line} -> returned {shown(value)}")
        return value
    finally:
        doing.remove(line)
        reach(line)
'''

MOMENTS = '''\
moments = {}
ended = set()


def moment(line, number):
    if (line, number) not in moments:
        moments[line, number] = {library}.Event()
        if line in ended:
            moments[line, number].set()
    return moments[line, number]


def reach(line, number=None):
    """Enter that the call *line* has come to suspension *number*, or to its end."""
    if number is not None:
        moment(line, number).set()
        return
    ended.add(line)
    for key in moments:
        if key[0] == line:
            moments[key].set()


async def reached(line, number):
    await moment(line, number).wait()
'''

NO_MOMENTS = """\
def reach(line, number=None):
    pass
"""

LEAVE = '''\
def leave(manager, error):
    """Call __aexit__ as `async with` does when its body raises *error*."""
    try:
        raise error
    except BaseException:
        return manager.__aexit__(type(error), error, error.__traceback__)
'''

TURNS = '''\
async def turns(number):
    """Let other tasks run."""
    for _ in range(number):
        await {library}.sleep(0)
'''

CANCELLED = '''\
async def cancelled_body(cancel):
    """What a body that is cancelled raises."""
    try:
        cancel()
        await {library}.sleep(0)
    except BaseException as error:
        return error
'''

WAITING_BODY = '''\
async def cancelled_body():
    """What a body raises that waits, and is cancelled, by its manager if by nobody else."""
    try:
        await turns(20)
        await {library}.sleep(1)
        asyncio.current_task().cancel()
        await {library}.sleep(0)
    except BaseException as error:
        return error
'''

WATCH = '''\
doing = []


def give_up():
    """After {seconds} s without an end: say what hangs."""
    for line in doing or ["it"]:
        print(f"{line} hangs")
    sys.stdout.flush()
    os._exit(1)


watch = threading.Timer({seconds}, give_up)
watch.daemon = True
'''

HOOKS = """\
def report(what):
    print(shown(what) if isinstance(what, BaseException) else re.sub(r" at 0x\\w+", "", str(what)))


def warned(message, category, *rest):
    report(f"{category.__name__}: {message}")


warnings.simplefilter("always")
warnings.showwarning = warned
threading.excepthook = lambda args: report(f"nobody could catch {shown(args.exc_value)}")
sys.unraisablehook = lambda unraisable: report(f"nobody could catch {shown(unraisable.exc_value)}")
"""

JUMPING_LOOP = '''\
class JumpingLoop(asyncio.SelectorEventLoop):
    """Does not wait for timers: its time jumps to the next one."""

    def __init__(self):
        super().__init__()
        self.jumped = 0
        select = self._selector.select

        def jump(timeout):
            ready = select(0 if timeout else timeout)
            if timeout and not ready:
                self.jumped += timeout
            return ready

        self._selector.select = jump

    def time(self):
        return super().time() + self.jumped
'''

WAITING_BODY_TRIO = '''\
async def cancelled_body():
    """What a body raises that waits, and is cancelled, by its manager if by nobody else."""
    try:
        await turns(20)
        await trio.sleep(1)
    except trio.Cancelled as error:
        return error
    found = None
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.sleep(0)
        except trio.Cancelled as error:
            found = error
            raise
    return found
'''

IN_A_TASK_ASYNCIO = '''\
async def in_a_task(coroutine):
    """Await *coroutine* in a task of its own, to whatever end."""
    task = asyncio.ensure_future(coroutine)
    await asyncio.wait([task])
    if task.cancelled():
        print("the cancellation came out")
    elif task.exception() is not None:
        print(f"it raised {shown(task.exception())}")


async def in_tasks(*coroutines):
    await asyncio.gather(*map(in_a_task, coroutines))
'''

IN_A_TASK_TRIO = '''\
async def in_a_task(coroutine):
    """Await *coroutine* in a task of its own, to whatever end."""
    await in_tasks(coroutine)


async def in_tasks(*coroutines):
    async def to_its_end(coroutine):
        try:
            await coroutine
        except BaseException as error:
            print(f"it raised {shown(error)}")
            if isinstance(error, trio.Cancelled):
                raise

    async with trio.open_nursery() as nursery:
        for each in coroutines:
            nursery.start_soon(to_its_end, each)
'''

IN_THIS_TASK = '''\
async def in_this_task(coroutine):
    """Await *coroutine*; take a cancellation back that comes out."""
    try:
        await coroutine
    except asyncio.CancelledError:
        print("the cancellation came out")
    while asyncio.current_task().cancelling():
        asyncio.current_task().uncancel()
'''

MADE = '''\
async def made(subject):
    """What a factory gives; one that is async is awaited."""
    return await subject if inspect.iscoroutine(subject) else subject
'''

SET_UP = '''\
async def set_up(generator):
    """What a factory yields; what stands behind its `yield` is left out."""
    set_ups.append(generator)
    return await anext(generator) if inspect.isasyncgen(generator) else next(generator)


set_ups = []
'''

OPENED = '''\
def opened(subject):
    """aiter(), and what it gives."""
    try:
        iterator = type(subject).__aiter__(subject)
    except BaseException as error:
        print(f"__aiter__ -> raised {shown(error)}")
        return None
    print(f"__aiter__ -> {'itself' if iterator is subject else shown(iterator)}")
    return iterator
'''

TOLD_THE_LOOP = """\
def told_the_loop(loop, context):
    report(f"only the loop is told: {shown(context.get('exception') or context['message'])}")
"""

CROSSING = '''\
def cancel_with_the_result():
    """Cancel the running task when what it waits for is done, before it goes on."""
    task = asyncio.current_task()
    Steps.trap.add_done_callback(lambda done: task.cancel())
'''
