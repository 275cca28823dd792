"""`make proof`: the engine is killed at every fail-point with a message in work; the provider's journal judges.

Each trial starts the real engine with one fail-point armed, delivers a mail to a real mailbox, lets the engine die
(SIGKILL) or stop (SIGTERM) there, and goes on with the next: each start is also the recovery of the trial before.
At the end the engine runs undisturbed until nothing is left to do, and what the store says is held against what the
virtual phones took. Then defects are planted in a copy of the code, and each must turn the judgement red.

What is done is kept under build/proof, by seed: a proof that was interrupted goes on where it was.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from benchmarks.figures import figure, head
from benchmarks.judge import Judgement
from benchmarks.plants import PLANTS, Plant
from benchmarks.stacks import EMBEDDED, MANY, Stack, running
from benchmarks.trials import CLASSES, OF_MAIL, Trial, plan, prove
from tests.servers.installation import ROOT

#: Trials in one installation: what a later trial meets is what the earlier ones left behind.
TOGETHER = 44


class Proof:
    """All trials of one seed, in chunks that are kept when they are done."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self._arguments = arguments
        self._folder = folder
        short = "".join(f"-{each}" for each in (arguments.trials, *(arguments.points or ())) if each)
        self._kept = ROOT / "build" / "proof" / f"seed-{arguments.seed}-rounds-{arguments.rounds}{short}"
        self._turn = asyncio.Semaphore(arguments.at_once)

    async def run(self) -> bool:
        """Trials on every stack, then the planted defects; true when every figure is met."""
        met = True
        for name in self._arguments.stacks:
            async with running(name) as stack:
                met &= await self._stack(name, stack)
        if not self._arguments.no_plants:
            met &= await self._plants()
        return met

    async def _stack(self, name: str, stack: Stack) -> bool:
        points = self._arguments.points or OF_MAIL
        planned = plan(self._arguments.seed, self._arguments.rounds, self._arguments.trials)
        trials = [(n, trial) for n, trial in enumerate(planned) if trial.point in points]
        size = min(TOGETHER, max(1, len(trials) // self._arguments.at_once))
        chunks = [trials[start : start + size] for start in range(0, len(trials), size)]
        done = await asyncio.gather(*(self._chunk(name, n, chunk, stack) for n, chunk in enumerate(chunks)))
        total = Judgement.of([judgement for judgement, _, _ in done])
        reached = sum((reached for _, reached, _ in done), Counter[str]())
        cells = {f"{point}/{cls}": reached[f"{point}/{cls}"] for point in points for cls in CLASSES}
        rarest = min(sum(cells[f"{point}/{cls}"] for cls in CLASSES) for point in points)
        print(f"{name}:")
        whole = self._arguments.trials is None
        least = 100 if whole and points is OF_MAIL else len(trials)
        met = figure(f"proof.{name}.trials", len(trials), ">=", least)
        met &= figure(f"proof.{name}.hits-of-the-rarest-point", rarest, ">=", 3 if whole else 1)
        if whole:
            goal = 2 * self._arguments.rounds
            met &= figure(f"proof.{name}.hits-of-the-rarest-cell", min(cells.values()), ">=", goal)
        for each in [missed for _, _, missed in done for missed in missed]:
            print(f"  not reached: {each}")
        return total.tell(f"proof.{name}") and met

    async def _chunk(
        self, name: str, number: int, trials: list[tuple[int, Trial]], stack: Stack
    ) -> tuple[Judgement, Counter[str], list[str]]:
        file = self._kept / f"{name}-{number:02d}.json"
        if not file.exists():
            async with self._turn:
                room = f"{name}{number}"
                judgement, hits = await prove(self._folder / room, trials, urls=stack.urls(room))
                print(f"  {name}: trials {trials[0][0]} to {trials[-1][0]} done", flush=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            kept = {"judgement": asdict(judgement), "reached": hits.reached, "missed": hits.missed}
            file.write_text(json.dumps(kept, indent=1))
        read = json.loads(file.read_text())
        return Judgement(**read["judgement"]), Counter(read["reached"]), read["missed"]

    async def _plants(self) -> bool:
        judgements = await asyncio.gather(*(self._plant(number, each) for number, each in enumerate(PLANTS)))
        for planted, judgement in zip(PLANTS, judgements, strict=True):
            counts = {name: count for name, count in judgement.counts().items() if count}
            print(f"  planted: {planted.name}: {f'red {counts}' if judgement.red else 'NOT NOTICED'}")
        noticed = sum(judgement.red for judgement in judgements)
        return figure("proof.planted-defects-noticed", noticed, "==", len(PLANTS))

    async def _plant(self, number: int, planted: Plant) -> Judgement:
        """Judge a copy of the code with one planted defect."""
        async with self._turn:
            code = self._folder / f"plant{number}"
            shutil.copytree(ROOT / "engine", code / "engine", ignore=shutil.ignore_patterns("__pycache__"))
            planted.put_into(code)
            ways = [(how, cls) for how in ("kill", "term") for cls in planted.classes]
            trials = [Trial(point, how, cls) for point in planted.points for how, cls in ways]
            judgement, _ = await prove(code / "run", list(enumerate(trials)), code)
            return judgement


async def main(arguments: argparse.Namespace) -> bool:
    """All of it; true when every figure is met."""
    head(f"proof, seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="tocsin-proof-") as folder:
        return await Proof(arguments, Path(folder)).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stacks", nargs="+", choices=(EMBEDDED, MANY), default=[EMBEDDED])
    parser.add_argument("--rounds", type=int, default=1, help="how often each point x way x class is tried")
    parser.add_argument("--points", nargs="+", choices=OF_MAIL, help="only these fail-points")
    parser.add_argument("--trials", type=int, help="a shorter run: so many trials")
    parser.add_argument("--at-once", type=int, default=2, help="installations side by side: a trial mostly waits")
    parser.add_argument("--no-plants", action="store_true", help="without the planted defects")
    sys.exit(0 if asyncio.run(main(parser.parse_args())) else 1)
