"""The fixture `virtual_clock` in tests that anyio and pytest-asyncio run."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.conftest import Run, RunPytest

STRICT = ("-o", "asyncio_default_fixture_loop_scope=function")
AUTO = (*STRICT, "-o", "asyncio_mode=auto")

BODIES = """
    import socket, threading, time

    import anyio, pytest

    class Handshake:
        # A thread that answers no sooner than the loop had nothing else to do.
        def __init__(self):
            self.asked = threading.Event()

        async def ask(self):
            await anyio.sleep(0.001)
            self.asked.set()

        def answer(self):
            assert self.asked.wait(30)
            return "the answer"

    async def test_an_hour_a_hundred_times(virtual_clock):
        begun = anyio.current_time()
        for _ in range(100):
            await anyio.sleep(3600)
        assert anyio.current_time() - begun == pytest.approx(360_000)
        assert virtual_clock.opened == ()

    async def test_sleeps_end_in_their_order(virtual_clock):
        ended = []

        async def sleep(hours):
            await anyio.sleep(hours * 3600)
            ended.append(hours)

        async with anyio.create_task_group() as tasks:
            for hours in (3, 1, 24 * 365 * 100, 2):
                tasks.start_soon(sleep, hours)
        assert ended == [1, 2, 3, 24 * 365 * 100]

    async def test_timeouts_fire_in_their_order(virtual_clock):
        with anyio.move_on_after(10) as outer:
            with anyio.move_on_after(5) as inner:
                await anyio.sleep(7)
            assert inner.cancelled_caught
            await anyio.sleep(7)
        assert outer.cancelled_caught
        with pytest.raises(TimeoutError), anyio.fail_after(1):
            await anyio.sleep(2)
        with anyio.fail_after(2):
            await anyio.sleep(1)

    async def test_a_worker_thread(virtual_clock):
        handshake = Handshake()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handshake.ask)
            with anyio.fail_after(60):
                assert await anyio.to_thread.run_sync(handshake.answer) == "the answer"
        assert virtual_clock.opened == ("a worker thread",)
        await anyio.sleep(3600)

    async def test_a_thread(virtual_clock):
        handshake, answers = Handshake(), []
        thread = threading.Thread(target=lambda: answers.append(handshake.answer()), name="own 7")
        thread.start()
        with anyio.fail_after(60):
            await handshake.ask()
            while not answers:
                await anyio.sleep(0.001)
        assert virtual_clock.opened == ("a thread (own N)",)

    async def test_a_socket(virtual_clock):
        async def write():
            await anyio.sleep(0.001)
            theirs.send(b"the answer")

        ours, theirs = socket.socketpair()
        with ours, theirs, anyio.fail_after(60):
            ours.setblocking(False)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                await anyio.wait_readable(ours)
        assert "a socket" in virtual_clock.opened

    async def test_a_conversation_with_itself(virtual_clock):
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)

        async def reply(stream):
            async with stream:
                await stream.send(await stream.receive())

        with anyio.fail_after(60):
            async with listener, anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, reply)
                async with await anyio.connect_tcp("127.0.0.1", port) as client:
                    await client.send(b"the answer")
                    assert await client.receive() == b"the answer"
                tasks.cancel_scope.cancel()

    async def test_a_process(virtual_clock):
        import sys
        with anyio.fail_after(60):
            done = await anyio.run_process([sys.executable, "-c", "print('the answer')"])
        assert done.stdout.decode().strip() == "the answer"
        await anyio.sleep(3600)

    async def test_busy_waiting(virtual_clock):
        end = anyio.current_time() + 0.01
        while anyio.current_time() < end:
            await anyio.lowlevel.checkpoint()

    async def test_that_did_not_ask():
        with anyio.fail_after(60):
            real, begun = time.monotonic(), anyio.current_time()
            await anyio.sleep(0.01)
            assert anyio.current_time() - begun <= time.monotonic() - real

    class TestMethods:
        async def test_method(self, virtual_clock):
            await anyio.sleep(3600)
"""

PASSING = (
    "test_an_hour_a_hundred_times",
    "test_sleeps_end_in_their_order",
    "test_timeouts_fire_in_their_order",
    "test_a_worker_thread",
    "test_a_thread",
    "test_a_socket",
    "test_a_conversation_with_itself",
    "test_a_process",
    "test_busy_waiting",
    "test_that_did_not_ask",
    "TestMethods::test_method",
)


def text_of(kind: str, body: str) -> str:
    """A test module whose tests carry the mark of *kind*."""
    mark = f"import pytest\npytestmark = pytest.mark.{kind}\n" if kind else ""
    return mark + dedent(body)


def labelled(names: tuple[str, ...]) -> dict[str, str]:
    """Each of *names* on both of anyio's backends, passed."""
    return {f"{name}[{b}]": "passed" for name in names for b in ("asyncio", "trio")}


def test_time_jumps_for_anyio(run_pytest: RunPytest) -> None:
    """On both backends, and only for a test that asks."""
    run = run_pytest(test_it=text_of("anyio", BODIES))

    assert labelled(PASSING) == run.outcomes(), run.out


def test_time_jumps_for_anyio_in_auto_mode(run_pytest: RunPytest) -> None:
    """Without a mark, and with the fixture asked for by the module."""
    run = run_pytest(
        "-o",
        "anyio_mode=auto",
        test_it="""
            import anyio, pytest
            pytestmark = pytest.mark.usefixtures("virtual_clock")

            async def test_it():
                await anyio.sleep(3600)
        """,
    )

    assert labelled(("test_it",)) == run.outcomes(), run.out


@pytest.mark.parametrize(
    ("arguments", "kind"), [(STRICT, "asyncio"), (AUTO, "")], ids=["strict", "auto"]
)
@pytest.mark.parametrize("others", [(), ("anyio",)], ids=["alone", "beside anyio"])
def test_time_jumps_for_pytest_asyncio(
    run_pytest: RunPytest, arguments: tuple[str, ...], kind: str, others: tuple[str, ...]
) -> None:
    """In both of its modes."""
    plugins = ("ours", "asyncio", *others)
    run = run_pytest(*arguments, plugins=plugins, test_it=text_of(kind, BODIES))

    assert dict.fromkeys(PASSING, "passed") == run.outcomes(), run.out


def test_asyncios_own_time(run_pytest: RunPytest) -> None:
    """What asyncio itself offers follows the clock, in a test and in its fixtures."""
    run = run_pytest(
        *STRICT,
        plugins=("ours", "asyncio"),
        test_it="""
            import asyncio, pytest, pytest_asyncio
            pytestmark = pytest.mark.asyncio

            @pytest_asyncio.fixture
            async def begun():
                await asyncio.sleep(1000)
                yield asyncio.get_running_loop().time()
                await asyncio.sleep(1000)

            async def test_it(begun, virtual_clock):
                loop = asyncio.get_running_loop()
                assert begun == pytest.approx(1000)
                async with asyncio.timeout(3601):
                    await asyncio.sleep(3600)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.Event().wait(), 3600)
                called = asyncio.Event()
                loop.call_later(3600, called.set)
                await called.wait()
                assert loop.time() - begun == pytest.approx(3 * 3600)
                assert await loop.run_in_executor(None, sum, [1, 2]) == 3
        """,
    )

    assert {"test_it": "passed"} == run.outcomes(), run.out


def test_trios_own_time(run_pytest: RunPytest) -> None:
    """What trio itself offers follows the clock, in a test and in its fixtures."""
    run = run_pytest(
        test_it="""
            import pytest, trio, trio.testing
            pytestmark = pytest.mark.anyio

            @pytest.fixture
            def anyio_backend():
                return "trio", {"restrict_keyboard_interrupt_to_checkpoints": True}

            @pytest.fixture
            async def begun():
                await trio.sleep(1000)
                yield trio.current_time()
                await trio.sleep(1000)

            async def test_it(begun, virtual_clock):
                with trio.fail_after(3601):
                    await trio.sleep(3600)
                with trio.move_on_after(3600) as scope:
                    await trio.sleep_forever()
                assert scope.cancelled_caught
                assert trio.current_time() - begun == pytest.approx(2 * 3600)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep, 5)
                    await trio.testing.wait_all_tasks_blocked()
                    assert trio.current_time() - begun == pytest.approx(2 * 3600)
        """,
    )

    assert {"test_it": "passed"} == run.outcomes(), run.out


def test_another_fixture_may_ask(run_pytest: RunPytest) -> None:
    """The clock is there before the fixtures that come before it, autouse ones too."""
    run = run_pytest(
        test_it="""
            import anyio, pytest
            pytestmark = pytest.mark.anyio

            @pytest.fixture(autouse=True)
            async def begun():
                await anyio.sleep(3600)
                return anyio.current_time()

            @pytest.fixture
            def quick(virtual_clock):
                return virtual_clock

            @pytest.mark.parametrize("hours", [1, 2])
            async def test_it(hours, begun, quick):
                await anyio.sleep(3600 * hours)
                assert anyio.current_time() - begun == pytest.approx(3600 * hours)
        """,
    )

    assert {"passed"} == set(run.outcomes().values()), run.out
    assert 4 == len(run.tests)


def test_hypothesis(run_pytest: RunPytest) -> None:
    """Each example runs on the virtual clock; the hang of one is reported."""
    body = """
        import anyio, pytest
        from hypothesis import HealthCheck, given, settings, strategies

        lenient = settings(
            suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5,
            database=None, derandomize=True,
        )

        @lenient
        @given(hours=strategies.integers(1, 9))
        async def test_it(virtual_clock, hours):
            with anyio.fail_after(hours * 3600):
                await anyio.sleep(hours * 3600 - 1)

        @lenient
        @given(hours=strategies.integers(1, 9))
        async def test_hang(virtual_clock, hours):
            await anyio.Event().wait()
    """
    anyio_run = run_pytest(test_it=text_of("anyio", body))
    asyncio_run = run_pytest(*STRICT, plugins=("ours", "asyncio"), test_it=text_of("asyncio", body))

    for run, names in ((anyio_run, ("[asyncio]", "[trio]")), (asyncio_run, ("",))):
        for name in names:
            assert "passed" == run.test(f"test_it{name}").outcome, run.out
            assert "failed" == run.test(f"test_hang{name}").outcome, run.out
            assert "in test_hang for Event.wait" in run.test(f"test_hang{name}").reason


HANGS = """
    import contextlib

    import anyio, pytest

    async def test_alone(virtual_clock):
        try:
            await anyio.Event().wait()
        finally:
            print("cleaned up")

    async def test_a_child(virtual_clock):
        async def child():
            await anyio.Event().wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)

    async def test_behind_a_shield(virtual_clock):
        with anyio.CancelScope(shield=True):
            await anyio.Event().wait()

    async def test_a_child_behind_a_shield(virtual_clock):
        async def child():
            with anyio.CancelScope(shield=True):
                await anyio.Event().wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)

    async def test_again_and_again(virtual_clock):
        while True:
            with contextlib.suppress(BaseException):
                await anyio.Event().wait()

    async def test_turned_into_an_error(virtual_clock):
        try:
            await anyio.Event().wait()
        except BaseException:
            raise ValueError("it was disturbed")

    async def test_that_is_right(virtual_clock):
        await anyio.sleep(3600)

    async def test_that_did_not_ask():
        await anyio.sleep(0)
"""

HANGING = {
    "test_alone": ["in test_alone for Event.wait"],
    "test_a_child": [
        "it waits at test_it.py:",
        "in test_a_child for TaskGroup.__aexit__",
        "; another task waits at test_it.py:",
        "in test_a_child.<locals>.child for Event.wait",
    ],
    "test_behind_a_shield": ["in test_behind_a_shield for Event.wait"],
    "test_a_child_behind_a_shield": [
        "in test_a_child_behind_a_shield.<locals>.child for Event.wait"
    ],
    "test_again_and_again": ["in test_again_and_again for Event.wait"],
    "test_turned_into_an_error": ["in test_turned_into_an_error for Event.wait"],
}


def expect_hangs(run: Run, label: str) -> None:
    """Each test of `HANGS` fails by its hang, and no other test is touched by that."""
    for name, places in HANGING.items():
        seen = run.test(f"{name}{label}")
        assert "failed" == seen.outcome, (name, run.out)
        assert seen.reason.startswith("the test hangs: nothing can run, no timer is left")
        assert [] == [each for each in places if each not in seen.reason], seen.reason
        assert "\n" not in seen.reason.strip()
    for name in ("test_that_is_right", "test_that_did_not_ask"):
        assert "passed" == run.test(f"{name}{label}").outcome, run.out


def test_a_hang_is_reported_for_anyio(run_pytest: RunPytest) -> None:
    """At once, with the places that wait; the tests after it run."""
    run = run_pytest("-rA", test_it=text_of("anyio", HANGS))

    expect_hangs(run, "[asyncio]")
    expect_hangs(run, "[trio]")
    assert 2 == run.out.count("cleaned up")


def test_a_hang_is_reported_for_pytest_asyncio(run_pytest: RunPytest) -> None:
    """The same."""
    run = run_pytest("-rA", *STRICT, plugins=("ours", "asyncio"), test_it=text_of("asyncio", HANGS))

    expect_hangs(run, "")


def test_a_fixture_that_hangs_is_reported(run_pytest: RunPytest) -> None:
    """In its set-up and in its tear-down; the tests after it run."""
    body = """
        import anyio, pytest, {plugin}

        @{plugin}.fixture
        async def going_up():
            await anyio.Event().wait()

        @{plugin}.fixture
        async def going_down():
            yield
            await anyio.Event().wait()

        async def test_up(virtual_clock, going_up):
            pass

        async def test_down(virtual_clock, going_down):
            pass

        async def test_that_is_right(virtual_clock):
            await anyio.sleep(3600)

        async def test_that_did_not_ask():
            await anyio.sleep(0)
    """
    of_anyio = run_pytest(test_it=text_of("anyio", body.format(plugin="pytest")))
    of_asyncio = run_pytest(
        *STRICT,
        plugins=("ours", "asyncio"),
        test_it=text_of("asyncio", body.format(plugin="pytest_asyncio")),
    )

    for run, labels in ((of_anyio, ("[asyncio]", "[trio]")), (of_asyncio, ("",))):
        for label in labels:
            for name, fixture in (("test_up", "going_up"), ("test_down", "going_down")):
                seen = run.test(f"{name}{label}")
                assert "error" == seen.outcome, run.out
                assert f"in {fixture} for Event.wait" in seen.reason
            for name in ("test_that_is_right", "test_that_did_not_ask"):
                assert "passed" == run.test(f"{name}{label}").outcome, run.out


def test_going_in_circles_is_reported(run_pytest: RunPytest) -> None:
    """A hang beside a heartbeat never runs out of timers, but of jumps."""
    run = run_pytest(
        test_it="""
            import anyio, pytest
            from pytest_asyncprotocol.engine import fixture_clock
            fixture_clock.MOST_JUMPS = 100
            pytestmark = pytest.mark.anyio

            async def test_it(virtual_clock):
                async def beat():
                    while True:
                        await anyio.sleep(30)

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(beat)
                    await anyio.Event().wait()
        """
    )

    for name in ("test_it[asyncio]", "test_it[trio]"):
        assert "failed" == run.test(name).outcome
        assert "the test hangs: only timers fire, and did so 100 times" in run.test(name).reason
        assert "in test_it for Event.wait" in run.test(name).reason


def test_what_kept_time_real_is_named_in_a_failure(run_pytest: RunPytest) -> None:
    """So that nobody wonders why the test took so long."""
    run = run_pytest(
        test_it="""
            import anyio, pytest, socket

            @pytest.mark.anyio
            async def test_it(virtual_clock):
                ours, theirs = socket.socketpair()
                with ours, theirs, anyio.fail_after(0.01):
                    ours.setblocking(False)
                    await anyio.wait_readable(ours)
        """
    )

    for name in ("test_it[asyncio]", "test_it[trio]"):
        assert "TimeoutError" in run.test(name).reason
        assert "the virtual clock kept to real time because of a socket" in run.test(name).reason


def refused(run: Run, name: str, *words: str) -> bool:
    """Whether the test called *name* is an error whose one-line reason has all *words*."""
    seen = run.test(name)
    assert "error" == seen.outcome, run.out
    assert seen.reason.startswith("virtual_clock "), seen.reason
    assert "\n" not in seen.reason.strip(), seen.reason
    return all(word in seen.reason for word in words)


def test_a_sync_test_is_refused(run_pytest: RunPytest) -> None:
    """It has no clock that could jump."""
    run = run_pytest(test_it="def test_it(virtual_clock): pass")

    assert refused(run, "test_it", "a sync test has no event loop")


def test_a_wider_fixture_of_anyios_is_refused(run_pytest: RunPytest) -> None:
    """In the test's closure, and open because of another test."""
    run = run_pytest(
        test_it="""
            import anyio, pytest
            pytestmark = pytest.mark.anyio

            @pytest.fixture(scope="module")
            async def wide():
                yield 1

            async def test_uses_it(virtual_clock, wide):
                pass

            async def test_opens_it(wide):
                pass

            async def test_comes_later(virtual_clock):
                pass

            async def test_did_not_ask():
                pass
        """
    )

    for backend in ("asyncio", "trio"):
        assert refused(run, f"test_uses_it[{backend}]", "module-scoped async fixture 'wide'")
        assert refused(run, f"test_comes_later[{backend}]", "one is open already")
        for name in ("test_opens_it", "test_did_not_ask"):
            assert "passed" == run.test(f"{name}[{backend}]").outcome, run.out


@pytest.mark.parametrize("scope", ["class", "module", "session"])
def test_a_wider_loop_of_pytest_asyncios_is_refused(run_pytest: RunPytest, scope: str) -> None:
    """By the mark, and by the ini option."""
    run = run_pytest(
        *STRICT,
        plugins=("ours", "asyncio"),
        test_it=f"""
            import pytest

            class TestIt:
                @pytest.mark.asyncio(loop_scope="{scope}")
                async def test_it(self, virtual_clock):
                    pass
        """,
    )
    ini = run_pytest(
        *STRICT,
        "-o",
        f"asyncio_default_test_loop_scope={scope}",
        plugins=("ours", "asyncio"),
        test_it="""
            import pytest

            @pytest.mark.asyncio
            async def test_it(virtual_clock):
                pass
        """,
    )

    assert refused(run, "test_it", f"its loop_scope is '{scope}'")
    assert refused(ini, "test_it", f"its loop_scope is '{scope}'")


def test_wider_loops_of_pytest_asyncios_are_left_alone(run_pytest: RunPytest) -> None:
    """A session's fixture on the session's loop survives a test on the virtual clock."""
    run = run_pytest(
        *STRICT,
        plugins=("ours", "asyncio"),
        test_it="""
            import asyncio, pytest, pytest_asyncio

            made = []

            @pytest_asyncio.fixture(scope="session", loop_scope="session")
            async def wide():
                made.append(asyncio.get_running_loop())
                yield made

            @pytest.mark.asyncio(loop_scope="session")
            async def test_first(wide):
                pass

            @pytest.mark.asyncio
            async def test_second(virtual_clock, wide):
                await asyncio.sleep(3600)

            @pytest.mark.asyncio(loop_scope="session")
            async def test_third(wide):
                assert wide == [asyncio.get_running_loop()]

            @pytest.mark.asyncio
            async def test_fourth():
                assert "Virtual" not in type(asyncio.get_running_loop()).__name__
        """,
    )

    assert {"passed"} == set(run.outcomes().values()), run.out


def test_a_loop_or_clock_of_anothers_is_refused(run_pytest: RunPytest) -> None:
    """The options of anyio's backend that say which."""
    pytest.importorskip("uvloop")
    run = run_pytest(
        test_it="""
            import asyncio, pytest, trio.testing
            pytestmark = pytest.mark.anyio

            @pytest.fixture(params=[
                pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
                pytest.param(("asyncio", {"loop_factory": asyncio.new_event_loop}), id="factory"),
                pytest.param(("trio", {"clock": trio.testing.MockClock()}), id="clock"),
                pytest.param(("asyncio", {"use_uvloop": False, "debug": True}), id="fine"),
            ])
            def anyio_backend(request):
                return request.param

            async def test_it(virtual_clock):
                pass
        """
    )

    assert refused(run, "test_it[uvloop]", "'use_uvloop'")
    assert refused(run, "test_it[factory]", "'loop_factory'")
    assert refused(run, "test_it[clock]", "'clock'")
    assert "passed" == run.test("test_it[fine]").outcome


def test_a_loop_factory_of_pytest_asyncios_is_refused(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """By its hook, which leaves out nothing silently."""
    pytest.importorskip("uvloop")
    pytester.makeconftest("""
        import uvloop
        def pytest_asyncio_loop_factories(config, item):
            return {"uvloop": uvloop.new_event_loop}
    """)
    run = run_pytest(
        *STRICT,
        plugins=("ours", "asyncio"),
        test_it="""
            import pytest

            @pytest.mark.asyncio
            async def test_it(virtual_clock):
                pass
        """,
    )

    assert refused(run, "test_it", "pytest_asyncio_loop_factories")


def test_a_test_of_pytest_trios_is_refused(run_pytest: RunPytest) -> None:
    """It has a fixture of its own for that."""
    run = run_pytest(
        plugins=("ours", "trio"),
        test_it="""
            import pytest

            @pytest.mark.trio
            async def test_it(virtual_clock):
                pass
        """,
    )

    assert refused(run, "test_it", "autojump_clock")


def test_a_test_that_nobody_runs_is_refused(run_pytest: RunPytest) -> None:
    """And is told which marks there are."""
    run = run_pytest(test_it="async def test_it(virtual_clock): pass")

    assert refused(run, "test_it", "@pytest.mark.anyio", "@pytest.mark.asyncio")


def test_a_test_that_two_plugins_want_is_refused(run_pytest: RunPytest) -> None:
    """Its label may say trio where asyncio runs it."""
    run = run_pytest(
        *AUTO,
        plugins=("ours", "anyio", "asyncio"),
        test_it="""
            import pytest

            @pytest.mark.anyio
            async def test_it(virtual_clock):
                pass
        """,
    )

    assert refused(run, "test_it[asyncio]", "anyio or pytest-asyncio")
    assert refused(run, "test_it[trio]", "asyncio_mode = strict")


def test_asking_too_late_is_refused(run_pytest: RunPytest) -> None:
    """Once a fixture of the test opened its loop."""
    body = """
        import anyio, pytest, {plugin}

        @{plugin}.fixture
        async def early():
            yield

        @pytest.fixture
        def late(early, request):
            return request.getfixturevalue("virtual_clock")

        async def test_it(early, late):
            pass
    """
    of_anyio = run_pytest(test_it=text_of("anyio", body.format(plugin="pytest")))
    of_asyncio = run_pytest(
        *STRICT,
        plugins=("ours", "asyncio"),
        test_it=text_of("asyncio", body.format(plugin="pytest_asyncio")),
    )

    assert refused(of_anyio, "test_it[asyncio]", "one is open already")
    assert refused(of_anyio, "test_it[trio]", "one is open already")
    assert "failed" == of_asyncio.test("test_it").outcome
    assert "another event loop" in of_asyncio.test("test_it").reason


def test_a_fixture_of_that_name_may_be_the_users_own(run_pytest: RunPytest) -> None:
    """It overrides ours, as fixtures do."""
    run = run_pytest(
        test_it="""
            import pytest

            begun = []

            @pytest.fixture
            def first():
                begun.append("first")

            @pytest.fixture
            def virtual_clock():
                begun.append("second")
                return 7

            def test_it(first, virtual_clock):
                assert virtual_clock == 7
                assert begun == ["first", "second"]
        """
    )

    assert {"test_it": "passed"} == run.outcomes(), run.out


def test_a_worker_of_xdists(run_pytest: RunPytest) -> None:
    """Its own threads, which were there before the test, do not make time real."""
    run = run_pytest(
        "-n1",
        plugins=("ours", "anyio", "xdist"),
        test_it="""
            import anyio, pytest

            @pytest.mark.anyio
            async def test_it(virtual_clock):
                await anyio.sleep(3600)
                assert virtual_clock.opened == ()
        """,
    )

    assert labelled(("test_it",)) == run.outcomes(), run.out
