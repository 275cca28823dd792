"""Apache Kafka itself, one broker in KRaft mode on ports of its own. Its jars come from Maven Central, once."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

from tests.servers import require
from tests.servers.pymap_server import free_port

POM = Path(__file__).parents[1] / "live" / "kafka" / "pom.xml"
LONG = 60.0

#: As for one broker of a large cluster, only with copies where there is nobody to hold them.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={base}/log
num.partitions=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


def jars() -> Path:
    """The folder with Kafka's jars, fetched when it is not there yet. Skips where there is no Java or Maven."""
    require("java")
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
    version = ElementTree.parse(POM).findtext(".//m:dependency/m:version", namespaces=namespace)
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin" / f"kafka-{version}"
    if folder.exists():
        return folder
    require("mvn")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Into a folder of our own first: two that fetch at once must not see each other's half.
    with tempfile.TemporaryDirectory(dir=folder.parent) as fetched:
        words = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        done = subprocess.run([*words, "-DincludeScope=runtime"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        with contextlib.suppress(OSError):
            Path(fetched).replace(folder)
        Path(fetched).mkdir(exist_ok=True)
    folder.chmod(0o755)
    return folder


class KafkaServer:
    """A running broker. `kill` or `stop`, then `start` on the same ports with the same records, for an outage."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.port, controller = free_port(), free_port()
        self._properties = base / "server.properties"
        self._properties.write_text(_PROPERTIES.format(port=self.port, controller=controller, base=base))
        self._users: tuple[str, ...] = ()
        """As `kafka-storage format` takes them."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def url(self, prefix: str = "") -> str:
        """The address of a stream there; with a prefix it is nobody else's."""
        return f"kafka://{self.bootstrap}" + (f"?prefix={prefix}" if prefix else "")

    @classmethod
    @contextlib.contextmanager
    def up(cls) -> Iterator[Self]:
        """A broker that is up, and down again at the end; for fixtures that outlive an event loop."""
        jars()
        base = Path(tempfile.mkdtemp(prefix="tocsin-kafka-"))
        server = cls(base)
        try:
            server.format()
            server.start()
            yield server
        finally:
            server.kill()
            shutil.rmtree(base, ignore_errors=True)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """The same for one event loop."""
        with contextlib.ExitStack() as stack:
            yield await asyncio.to_thread(stack.enter_context, cls.up())

    def format(self) -> None:
        """Make its folder a cluster of one."""
        words = ["kafka.tools.StorageTool", "format", "-t", "dG9jc2luLXRlc3RzLTAwMQ", "-c", str(self._properties)]
        words += [word for user in self._users for word in ("--add-scram", user)]
        done = subprocess.run([*_java("64m"), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.base / "kafka.log").open("ab") as log:
            words = [*_java("512m"), "kafka.Kafka", str(self._properties)]
            self._process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.base)
        deadline = time.monotonic() + LONG
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Kafka did not start:\n" + (self.base / "kafka.log").read_text()[-3000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LONG)
            self._process = None

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _java(memory: str) -> list[str]:
    options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    return ["java", f"-Xmx{memory}", *options, "-cp", f"{jars()}/*"]
