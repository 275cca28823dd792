"""The engine as a fork of a process that has imported it: a proof that starts it hundreds of times waits for imports.

It is a process of its own all the same, with its own id, log, files and death; only what `import` leaves behind is
shared, and that was made before there was an installation.
"""

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import cast

from engine import cli, failpoints
from tests.servers.installation import Installation

_FORKS = multiprocessing.get_context("forkserver")


def preload(*modules: str) -> None:
    """What is imported once for all forks; to be called before the first."""
    _FORKS.set_forkserver_preload([__name__, *modules])


def _run(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    failpoints.arm(environment["TOCSIN_FAILPOINT"])
    cli.main(arguments)


class Fork:
    """What an installation asks of its engine's process."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def send_signal(self, how: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, how)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        while self.returncode is None:
            await asyncio.sleep(0.01)
        return self.returncode


class ForkedInstallation(Installation):
    """An installation whose engine is a fork."""

    async def start_engine(self, *, failpoint: str = "", mark: Path | None = None) -> bool:
        self.starts += 1
        self.log.touch()
        arguments = ["-c", str(self.config), "run", *self.options]
        environment = {"TOCSIN_FAILPOINT": failpoint, "TOCSIN_FAILPOINT_MARK": str(mark or "")}
        process = _FORKS.Process(target=_run, args=(arguments, environment, self.log))
        process.start()
        self.engine = cast(asyncio.subprocess.Process, Fork(process))
        await self.until(lambda: "running:" in self.log.read_text() or self.ended, "the engine to start")
        return not self.ended
