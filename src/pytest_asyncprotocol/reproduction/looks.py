"""What a script looks at besides what calls return and raise, for the rules that ask for it."""

from __future__ import annotations

LOOKS: dict[str, str] = {
    "AI015": """\
def look(line, result):
    print(f"{line} suspended {suspended_times.get(line, 0)} times")
""",
    "AW013": """\
def look(line, result):
    frames, trace, contexts, error = 0, result.__traceback__, 0, result
    while trace is not None:
        frames, trace = frames + 1, trace.tb_next
    while error.__context__ is not None:
        contexts, error = contexts + 1, error.__context__
    print(f"{line}: a traceback of {frames} frames, a chain of {contexts} contexts")
""",
    "CO014": """\
def look(line, result):
    print(f"after {line} its caller sees {shown(VARIABLE.get('unset'))}")
""",
    "AG014": """\
def look(line, result):
    seen = {v.name: shown(value) for v, value in contextvars.copy_context().items()}
    print(f"after {line} its consumer sees {seen}")
""",
}
"""A function that is called after each call with what it returned or raised."""

AROUND: dict[str, str] = {
    "AG011": '''\
async def around(coroutine):
    """Await *coroutine* in another context, which each task has of its own."""
    await in_a_task(coroutine)
''',
    "AG007": '''\
async def around(coroutine):
    """Await *coroutine* in a cancel scope, which says if others were left open in it."""
    try:
        with SCOPE():
            await coroutine
    except BaseException as error:
        print(f"a cancel scope around the call -> raised {shown(error)}")
''',
}
AROUND["CO015"] = AROUND["AG007"]
"""A function that each call is put through."""

BLOCKING = '''\
def look_for_blocking(frame, event, function):
    """A profiler's hook: names what blocks the thread of the event loop."""
    if event != "c_call" or os.sep + "LIBRARY" + os.sep in frame.f_code.co_filename:
        return
    sock = getattr(function, "__self__", None)
    waits = isinstance(sock, socket.socket) and sock.gettimeout() != 0
    if function in (time.sleep, os.system, input) or (
        waits and function.__name__ in ("accept", "connect", "recv", "recvfrom", "sendall")
    ):
        print(f"it blocks the event loop by {function.__name__}() in {frame.f_code.co_qualname}")
'''
