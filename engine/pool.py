"""A pure function on untrusted bytes, run in a process of its own that can be stopped.

The function gets so many seconds of processor time, then an exception between two of its steps; if it sits in C code
and does not hear that, its process is killed and the next call gets a new one. The event loop only ever waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

from engine.errors import TocsinError

P = ParamSpec("P")
R = TypeVar("R")

#: Of address space, Python and the libraries included.
MEMORY_BYTES = 1024**3
#: So many times its processor time, and so many seconds more, may a call take by the clock: others need the machine
#: too, and a process must start first.
PATIENCE = 10
START_SECONDS = 10.0
_SIZE = struct.Struct("!Q")
_CHILD = "import sys; from engine.pool import serve; serve(*sys.argv[1:])"


class OverrunError(TocsinError):
    """The function was stopped: it took too long, too much memory, or its process died."""


class Pool:
    """One process, started by the first call; calls take turns. `close` ends it.

    `modules` are imported before the first call, so that it does not spend its time on them.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, seconds: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """`function(*args, **kwargs)`, which must be importable by name, within `seconds` of processor time.

        Raises OverrunError, and whatever the function raises.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(START_SECONDS + seconds * PATIENCE):
                    answered, value = await self._call(pickle.dumps((seconds, function, args, kwargs), 5))
            except TimeoutError:
                await self._kill()
                raise OverrunError(f"it did not stop after {seconds:g} s and was killed") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                await self._kill()
                raise OverrunError("its process died") from None
            except asyncio.CancelledError:
                # An answer nobody reads would be taken for the next call's.
                await self._kill()
                raise
        if not answered:
            raise value
        return cast(R, value)

    async def close(self) -> None:
        """End the process. A later call starts a new one."""
        async with self._turn:
            await self._kill()

    async def _call(self, request: bytes) -> tuple[bool, Any]:
        process = self._process = self._process or await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _CHILD,
            *self._modules,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_SIZE.pack(len(request)))
        process.stdin.write(request)
        await process.stdin.drain()
        (size,) = _SIZE.unpack(await process.stdout.readexactly(_SIZE.size))
        return cast("tuple[bool, Any]", pickle.loads(await process.stdout.readexactly(size)))  # noqa: S301 our own child

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.communicate())


class _Stop(BaseException):
    """Beneath Exception, so that no library swallows it."""


def serve(*modules: str) -> None:
    """The child: import what its calls will need, then answer calls until the parent closes the pipe."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # Whatever a library prints must not stand among the answers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle.
    signal.signal(signal.SIGPROF, _stop)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for module in modules:
        importlib.import_module(module)
    while head := requests.read(_SIZE.size):
        answer = _answer(requests.read(_SIZE.unpack(head)[0]))
        _write(answers, answer)


def _stop(*_: object) -> None:
    raise _Stop


def _answer(request: bytes) -> bytes:
    seconds, function, args, kwargs = pickle.loads(request)  # noqa: S301 our own parent
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            answer = (True, function(*args, **kwargs))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return pickle.dumps(answer, 5)
    except _Stop:
        error: Exception = OverrunError(f"it takes over {seconds:g} s")
    except MemoryError:
        error = OverrunError(f"it takes over {MEMORY_BYTES >> 20} MB")
    except Exception as raised:  # Whatever the function raises is raised in the parent.
        error = raised
    return pickle.dumps((False, error), 5)


def _write(answers: BinaryIO, answer: bytes) -> None:
    answers.write(_SIZE.pack(len(answer)))
    answers.write(answer)
    answers.flush()
