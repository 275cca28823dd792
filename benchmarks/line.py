"""`make bench ONLY=embedded`: how soon a mail becomes a submitted SMS, how many events a second are decided on."""

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import figure
from benchmarks.stream import bare
from benchmarks.through import a_mail, decided
from engine import topics
from engine.wiring import calm_the_collector
from tests.servers.installation import ROOT, Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

PAIRS = 100
RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Alarm, when: {subject: alarm}, notify: {to: me, text: "{subject}"}}
"""
ANNA = Person("anna", "+32470000001", "u1", parts=10_000, rules=RULES)


async def run() -> bool:
    """Both figures; true when both are met."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        met = await _latency(Path(folder) / "latency")
        return await _throughput(Path(folder)) and met


async def _latency(folder: Path) -> bool:
    folder.mkdir()
    installation = Installation(folder)
    async with PymapServer.running(users=2) as server:
        try:
            phone = await installation.start_phone()
            installation.write([ANNA], server)
            await installation.start_engine()
            await installation.watching(1)
            url = f"http://127.0.0.1:{phone.port}"
            script = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.bare", server.host, str(server.port), "u2", url),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            assert script.stdout is not None
            await script.stdout.readline()
            begun: dict[str, float] = {}
            for number in range(PAIRS):
                for user in ("u1", "u2") if number % 2 else ("u2", "u1"):  # interleaved, neither always first
                    subject = f"alarm {user} {number}"
                    begun[subject] = time.time()
                    await server.deliver(user, letter(subject))
                    taken = len(begun)
                    await installation.until(lambda: len(phone.taken()) >= taken, subject)  # noqa: B023
                    await asyncio.sleep(0.05)
            script.kill()
            await script.wait()
        finally:
            await installation.close()
    took: dict[str, list[float]] = {"u1": [], "u2": []}
    for line in phone.taken():
        at = datetime.fromisoformat(line["at"]).astimezone(UTC).timestamp()
        took[line["text"].split()[1]].append(1000 * (at - begun[line["text"]]))
    ours, peer = (sorted(took[user]) for user in ("u1", "u2"))
    half, peer_half = statistics.median(ours), statistics.median(peer)
    last, peer_last = ours[int(0.99 * len(ours)) - 1], peer[int(0.99 * len(peer)) - 1]
    print(f"  mail to SMS, {PAIRS} each: p50 {half:.1f} ms, p99 {last:.1f} ms")
    print(f"  bare script, {PAIRS} each: p50 {peer_half:.1f} ms, p99 {peer_last:.1f} ms")
    beside = "a bare IDLE-and-post script"
    met = figure("line.mail-to-sms-p50-above-bare-ms", round(half - peer_half, 1), "<=", 50, beside)
    return figure("line.mail-to-sms-p99-over-bare", round(last / peer_last, 2), "<=", 2, beside) and met


async def _throughput(folder: Path) -> bool:
    calm_the_collector()  # as the engine does when it starts; it serves the bare log as well
    ratios = []
    for turn in range(3):
        room = folder / f"through{turn}"
        room.mkdir()
        mails = [a_mail(uid) for uid in range(20_000)]
        floor = await bare(room, topics.EVENTS, mails)
        ours = await decided(room, mails)
        ratios.append(ours / floor)
        print(f"  events a second: {ours:.0f}; bare append and read {floor:.0f}")
    beside = "bare append and read of the same mails on the same transport"
    return figure("line.events-where-nothing-matches", round(statistics.median(ratios), 3), ">=", 0.25, beside)
