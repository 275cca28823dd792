"""`make proof`: the engine is killed at every fail-point with a message in work; the provider's journal judges.

Each trial starts the real engine with one fail-point armed, delivers a mail to a real mailbox, lets the engine die
(SIGKILL) or stop (SIGTERM) there, and goes on with the next: each start is also the recovery of the trial before.
At the end the engine runs undisturbed until nothing is left to do, and what the store says is held against what the
virtual phones took. Then defects are planted in a copy of the code, and each must turn the judgement red.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import figure, head
from benchmarks.judge import Judgement, judge
from benchmarks.plants import PLANTS, Plant
from engine.failpoints import POINTS
from tests.servers.installation import ROOT, Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RULES = """\
version: 1
rules:
  - name: Alarm
    when: {subject: alarm}
    notify: {to: me, text: "{subject}"}
"""
CLASSES = ("idempotent", "queryable", "opaque")
PEOPLE = [
    Person("ida", "+32470000001", "u1", provider="idempotent", parts=1_000, credit="50"),
    Person("quinn", "+31612345678", "u2", provider="queryable", parts=5, credit="50"),
    Person("otto", "+46701740605", "u3", provider="opaque", parts=0, credit="50"),
]
#: Where a provider's silence, not only our death, must be in play for the point to be passed.
SILENT_POINTS = {"unknown_recorded"}


@dataclass(frozen=True)
class Trial:
    """One fail-point, one way to end, one provider class."""

    point: str
    how: str
    provider_class: str


@dataclass
class Hits:
    """Which fail-points were passed, and how the engine ended there."""

    mark: Path
    missed: list[Trial] = field(default_factory=list)

    def counted(self) -> Counter[tuple[str, str]]:
        """(point, how) -> times."""
        lines = self.mark.read_text().split() if self.mark.exists() else []
        return Counter((point, how) for point, how in (line.split(":") for line in lines))


def plan(seed: int, most: int | None) -> list[Trial]:
    """Every point x way x class, shuffled by `seed`; the first `most` of them keep every point in."""
    trials = [Trial(point, how, cls) for point in POINTS for how in ("kill", "term") for cls in CLASSES]
    random.Random(seed).shuffle(trials)
    # So that a short run still passes every point once before any twice.
    by_point = {point: [trial for trial in trials if trial.point == point] for point in POINTS}
    rounds = zip(*by_point.values(), strict=True)
    return [trial for each in rounds for trial in each][:most]


async def prove(
    folder: Path, trials: Sequence[Trial], code: Path = ROOT, *, quiet: bool = False
) -> tuple[Judgement, Hits]:
    """Run the trials in one installation and judge it."""
    folder.mkdir(parents=True)
    installation = Installation(folder, code)
    hits = Hits(folder / "hits")
    async with PymapServer.running(users=3) as server:
        try:
            for each in CLASSES:
                await installation.start_phone(each, each)
            installation.write(PEOPLE, server, shared=RULES, timeout="1s")
            assert await installation.start_engine()
            await installation.watching(len(PEOPLE))
            await installation.end_engine()
            delivered: dict[str, str] = {}
            for number, trial in trials:
                await _try(installation, server, trial, number, delivered, hits)
                if not quiet and (number + 1) % 20 == 0:
                    print(f"  trial {number + 1}", flush=True)
            await _settle_down(installation, len(delivered))
            return judge(installation, delivered), hits
        finally:
            await installation.close()


async def _try(
    installation: Installation,
    server: PymapServer,
    trial: Trial,
    number: int,
    delivered: dict[str, str],
    hits: Hits,
) -> None:
    person = PEOPLE[CLASSES.index(trial.provider_class)]
    phone = installation.phones[trial.provider_class]
    if trial.point in SILENT_POINTS:
        await phone.behave(do="drop_after" if number % 2 else "drop_before", next=1)
    before = sum(hits.counted().values())
    running = await installation.start_engine(failpoint=f"{trial.point}:1:{trial.how}", mark=hits.mark)
    # Every fourth mail matches nothing: it must end in a decision, and in no message.
    for kind in ("alarm", "other") if number % 4 == 0 else ("alarm",):
        subject = f"{kind} {number:04d}"
        delivered[subject] = person.id
        await server.deliver(person.user, letter(subject))
    if running:
        try:
            await installation.until(lambda: installation.ended or sum(hits.counted().values()) > before, "", 12)
        except TimeoutError:
            hits.missed.append(trial)
    if not installation.ended and sum(hits.counted().values()) > before and trial.how == "term":
        await installation.until(lambda: installation.ended, f"the engine to stop after SIGTERM at {trial.point}", 40)
    await installation.end_engine(signal.SIGKILL)


async def _settle_down(installation: Installation, mails: int) -> None:
    """Run undisturbed until nothing is left to do (an uncertain message waits for days, so it counts as done)."""
    assert await installation.start_engine()
    busy = "fate IN ('queued', 'sending')"
    quiet_since: float | None = None
    loop = asyncio.get_running_loop()

    def quiet() -> bool:
        nonlocal quiet_since
        still = (
            installation.count("decision") >= mails
            and installation.count("message", busy) == 0
            and installation.count("outbox") == 0
            and installation.count("message", "fate = 'sent'") == 0
            and all(phone.refs("taken") <= phone.refs("reported") for phone in installation.phones.values())
        )
        quiet_since = (quiet_since or loop.time()) if still else None
        return quiet_since is not None and loop.time() - quiet_since > 1.5

    try:
        await installation.until(quiet, "the line to come to rest", 45)
    except TimeoutError as error:
        print(f"  {str(error).splitlines()[0]}")  # what is unfinished, the judgement counts
    await installation.end_engine()


async def plant(folder: Path, planted: Plant) -> Judgement:
    """Judge a copy of the code with one planted defect."""
    code = folder / "code"
    shutil.copytree(ROOT / "engine", code / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    planted.put_into(code)
    trials = [
        Trial(point, how, cls) for point in planted.points for how in ("kill", "term") for cls in planted.classes
    ]
    judgement, _ = await prove(folder / "run", list(enumerate(trials)), code, quiet=True)
    return judgement


async def main(arguments: argparse.Namespace) -> bool:
    """All of it; true when every figure is met."""
    head(f"proof, seed {arguments.seed}")
    trials = plan(arguments.seed, arguments.trials)
    met = True
    with tempfile.TemporaryDirectory(prefix="tocsin-proof-") as name:
        folder = Path(name)
        # Two installations side by side: most of a trial is waiting.
        numbered = list(enumerate(trials))
        halves = [numbered[0::2], numbered[1::2]]
        done = await asyncio.gather(*(prove(folder / f"half{n}", half) for n, half in enumerate(halves)))
        total = Judgement.of([judgement for judgement, _ in done])
        counted = sum((hits.counted() for _, hits in done), Counter[tuple[str, str]]())
        met &= figure("proof.trials", len(trials), ">=", 100 if arguments.trials is None else len(trials))
        least = min(counted[point, "kill"] + counted[point, "term"] for point in POINTS)
        met &= figure("proof.hits-of-the-rarest-point", least, ">=", 3 if arguments.trials is None else 1)
        met &= total.tell()
        for _, hits in done:
            for trial in hits.missed:
                print(f"  not reached: {trial.point} {trial.how} {trial.provider_class}")
        if arguments.verbose:
            for number, trial in enumerate(trials):
                print(f"  {number:04d}: {trial.point} {trial.how} {trial.provider_class}")
        if not arguments.no_plants:
            caught = 0
            two = asyncio.Semaphore(2)

            async def look(number: int, planted: Plant) -> Judgement:
                async with two:
                    return await plant(folder / f"plant{number}", planted)

            judgements = await asyncio.gather(*(look(number, each) for number, each in enumerate(PLANTS)))
            for planted, judgement in zip(PLANTS, judgements, strict=True):
                caught += judgement.red
                print(f"  planted: {planted.name}: {'red' if judgement.red else 'NOT NOTICED'} {judgement.counts()}")
            met &= figure("proof.planted-defects-noticed", caught, "==", len(PLANTS))
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, help="a shorter run")
    parser.add_argument("--verbose", action="store_true", help="list the trials")
    parser.add_argument("--no-plants", action="store_true", help="without the planted defects")
    sys.exit(0 if asyncio.run(main(parser.parse_args())) else 1)
