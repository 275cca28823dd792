"""`make proof-channels`: the engine is killed at every point of an attempt, with real drivers and their other sides.

One provider of each class: infobip (idempotent), hylafax (queryable), smpp and kannel (opaque, held when unknown). A
trial is one mail and one kill -9; each start is also the recovery of the trial before. Besides the fail-points there
is the moment in which the other side has the message and its answer is on the way. At the end the engine runs
undisturbed until nothing is left to do, and the journal of the other side judges.

What is done is kept under build/proof-channels: a proof that was interrupted goes on where it was. The folder of an
installation that was judged red stays there too.
"""

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.figures import figure, head
from benchmarks.forked import ForkedInstallation, preload
from benchmarks.gate import Way
from benchmarks.judge import Judgement, judge
from benchmarks.peers import CALLBACK, PEERS, TAKEN, Peer
from tests.servers.installation import ROOT
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

#: Trials in one installation.
TOGETHER = 50
RULES = """\
version: 1
defaults: {{signature: off, limits: {{dedupe: off, throttle: off, daily: off}}}}
rules:
  - {{name: Alarm, when: {{subject: alarm}}, notify: {{to: {to}, channels: {channel}, text: "{{subject}}"}}}}
"""
#: It is later: whoever died holds nothing any more.
LATER = "UPDATE due SET lease = NULL"
OFFICE = "version: 1\ncontacts: [{id: office, fax: '+31205557777', agreed: by letter}]\n"


@dataclass
class Told:
    """What an installation comes to."""

    judgement: Judgement
    reached: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    asked: int = 0
    """How many messages the other side was asked for, and had."""
    again: int = 0
    """How often it was handed a message that it knew already."""


def plan(peer: type[Peer], seed: int, most: int) -> list[str]:
    """`most` points, shuffled by `seed`; each comes once before any comes again."""
    draw = random.Random(f"{seed} {peer.name}")
    rounds = -(-most // len(peer.points))
    return [point for _ in range(rounds) for point in draw.sample(peer.points, len(peer.points))][:most]


class Bout:
    """One installation and one peer."""

    def __init__(self, folder: Path, peer: Peer) -> None:
        self._peer = peer
        self._installation = ForkedInstallation(folder)
        self._mark = folder / "hits"
        self._reached: Counter[str] = Counter()
        self._missed: list[str] = []
        self._delivered: dict[str, str] = {}

    async def run(self, points: list[tuple[int, str]]) -> Told:
        """Run the trials and judge."""
        installation, peer = self._installation, self._peer
        async with PymapServer.running(users=1) as server:
            try:
                await peer.start(installation.folder)
                self._write(server)
                await installation.start_engine()
                await installation.watching(1)
                await installation.end_engine()
                for number, point in points:
                    await self._try(server, number, point)
                await self._settle_down()
                taken = peer.texts()
                (installation.folder / "taken.json").write_text(json.dumps(taken, indent=1))
                judgement = judge(installation, self._delivered, taken)
                asked = installation.count("receipt", "fate = 'sent' AND reason = 'asked'")
                return Told(judgement, dict(self._reached), self._missed, asked, peer.said_again())
            finally:
                await installation.close()
                await peer.stop()

    def _write(self, server: PymapServer) -> None:
        peer, installation = self._peer, self._installation
        installation.gateways = peer.settings()
        installation.write([peer.person], server, shared=RULES.format(to=peer.to, channel=peer.channel))
        (installation.config / "tariff.yaml").write_text(f"version: 1\ncurrency: EUR\n{peer.tariff}")
        (installation.config / "contacts").mkdir()
        (installation.config / "contacts" / "office.yaml").write_text(OFFICE)
        installation.tocsin("topup", peer.person.id, "50", "--yes", "--payment", "start")

    async def _try(self, server: PymapServer, number: int, point: str) -> None:
        installation, peer = self._installation, self._peer
        peer.gate.way = Way.PASS
        if point == TAKEN:
            peer.gate.way = Way.HOLD
        elif point == "unknown_recorded":
            peer.gate.way = Way.DROP_AFTER if number % 2 else Way.DROP_BEFORE
        armed = "" if point == TAKEN else f"{point}:1:kill"
        installation.change(LATER)
        await installation.start_engine(failpoint=armed, mark=self._mark)
        subject = f"alarm {number:04d}"
        self._delivered[subject] = peer.person.id
        await server.deliver(peer.person.user, letter(subject))
        try:
            if point == TAKEN:
                await installation.until(lambda: self._has(subject), "it to be taken")
            else:
                if point in CALLBACK:
                    await installation.until(lambda: installation.ended or self._has(subject), "it to be taken")
                    await peer.finish()
                await installation.until(lambda: installation.ended, "the point")
            self._reached[point] += 1
        except TimeoutError:
            self._missed.append(f"{point} {number}")
        await installation.end_engine(signal.SIGKILL)

    def _has(self, subject: str) -> bool:
        return any(subject in text for text in self._peer.texts())

    async def _settle_down(self) -> None:
        """Run undisturbed until nothing is left to do (an uncertain message waits for days, so it counts as done)."""
        installation, peer = self._installation, self._peer
        peer.gate.way = Way.PASS
        installation.change(LATER)
        await installation.start_engine()
        loop = asyncio.get_running_loop()
        quiet_since = loop.time()
        try:
            async with asyncio.timeout(180):
                while loop.time() - quiet_since < 2:
                    await peer.finish()
                    if not self._quiet():
                        quiet_since = loop.time()
                    await asyncio.sleep(0.2)
        except TimeoutError:
            print(f"  {peer.name}: did not come to rest")  # what is unfinished, the judgement counts
        await installation.end_engine()

    def _quiet(self) -> bool:
        count = self._installation.count
        return (
            count("decision") >= len(self._delivered)
            and count("message", "fate IN ('queued', 'sending', 'sent')") == 0
            and count("outbox") == 0
            and not self._peer.owes()
        )


class Proof:
    """The trials of all peers, in chunks that are kept when they are done."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._kept = ROOT / "build" / "proof-channels" / f"seed-{arguments.seed}-trials-{arguments.trials}"
        self._turn = asyncio.Semaphore(arguments.at_once)

    async def run(self) -> bool:
        """True when every figure is met."""
        found = await asyncio.gather(*(self._peer(PEERS[name]) for name in self._arguments.peers))
        met = [self._tell(peer, chunks) for peer, chunks in found]
        return all(met)

    async def _peer(self, peer: type[Peer]) -> tuple[type[Peer], list[Told]]:
        points = list(enumerate(plan(peer, self._arguments.seed, self._arguments.trials)))
        chunks = [points[start : start + TOGETHER] for start in range(0, len(points), TOGETHER)]
        return peer, list(await asyncio.gather(*(self._chunk(peer, n, chunk) for n, chunk in enumerate(chunks))))

    async def _chunk(self, peer: type[Peer], number: int, points: list[tuple[int, str]]) -> Told:
        folder = self._kept / f"{peer.name}-{number:02d}"
        file = folder.with_suffix(".json")
        if not file.exists():
            async with self._turn:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                told = await Bout(folder, peer()).run(points)
            print(f"  {peer.name}: trials {points[0][0]} to {points[-1][0]} done", flush=True)
            file.write_text(json.dumps(asdict(told), indent=1))
            if not told.judgement.red:
                shutil.rmtree(folder)
        read = json.loads(file.read_text())
        return Told(**{**read, "judgement": Judgement(**read["judgement"])})

    def _tell(self, peer: type[Peer], chunks: list[Told]) -> bool:
        prefix = f"proof.{peer.name}"
        print(f"{peer.name} ({peer.provider_class}):")
        reached = sum((Counter(each.reached) for each in chunks), Counter[str]())
        trials = self._arguments.trials
        met = figure(f"{prefix}.kills", reached.total(), ">=", trials)
        rarest = min(reached[point] for point in peer.points)
        met &= figure(f"{prefix}.kills-at-the-rarest-point", rarest, ">=", trials // len(peer.points))
        for each in [missed for told in chunks for missed in told.missed]:
            print(f"  not reached: {each}")
        print(f"  kills: {', '.join(f'{point} {reached[point]}' for point in peer.points)}")
        again, asked = sum(each.again for each in chunks), sum(each.asked for each in chunks)
        print(f"  known again when handed over once more {again}, found by asking {asked}")
        whole = Judgement.of([each.judgement for each in chunks])
        met &= whole.tell(prefix)
        on = sum("the phone has it" in each for each in whole.uncertain)
        print(f"  of the uncertain on the journal of {peer.name}: {on}")
        if peer.provider_class != "opaque":
            met &= figure(f"{prefix}.uncertain", len(whole.uncertain), "==", 0)
        return met


async def main(arguments: argparse.Namespace) -> bool:
    """All of it; true when every figure is met."""
    head(f"proof of channels, seed {arguments.seed}")
    return await Proof(arguments).run()


if __name__ == "__main__":
    preload(
        "benchmarks.judge", "benchmarks.peers", "engine.agents.app", "engine.channels.paper.render", "engine.wiring"
    )
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--trials", type=int, default=100, help="for each peer")
    parser.add_argument("--at-once", type=int, default=2, help="installations side by side: a trial mostly waits")
    sys.exit(0 if asyncio.run(main(parser.parse_args())) else 1)
