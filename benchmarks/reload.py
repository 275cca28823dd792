"""One of 10,000 rules changes in its file while a loop turns: what the reading takes, how long the loop waits."""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.figures import figure
from engine.agents.reload import index, read
from engine.rules.ruleset import GLOBAL, Ruleset
from engine.settings import require
from engine.settings.reading import SettingsFiles
from engine.wiring import calm_the_collector

FILES, RULES, ROUNDS = 10, 1_000, 5
_BEAT = 0.001
_ENGINE = "version: 1\ndata: ../var\nproviders: {phone: {driver: fake, url: 'http://127.0.0.1:8026'}}\n"
_TARIFF = "version: 1\ncurrency: EUR\nsms: [{prefix: '+32', price: '0.08', provider: phone}]\n"
_ANNA = "version: 1\nid: anna\nnumbers: ['+32470000001']\n"


async def reloaded() -> bool:
    """The figures of it; true when the loop was never kept for long."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name) / "config"
        _write(folder)
        begun = time.process_time()
        settings = require(folder)
        first = time.process_time() - begun
        calm_the_collector()
        files, rules = SettingsFiles(settings, lambda settings: None), settings.ruleset
        reads, waits = [], []
        for turn in range(ROUNDS):
            path = folder / f"rules/{GLOBAL}/{turn}.yaml"
            path.write_text(
                path.read_text(encoding="utf-8").replace(f"word{turn}x500x", f"news{turn}"), encoding="utf-8"
            )
            async with _Pulse() as pulse:
                begun = time.process_time()
                found = (await asyncio.to_thread(read, files, rules)).configuration
                assert found is not None
                new = await index(found.ruleset)
                reads.append(time.process_time() - begun)
            waits.append(pulse.longest)
            assert _changed(rules, new) == 1, "an unchanged rule was made anew"
            rules = new
    took = f"{max(reads) * 1e3:.0f} ms of a processor at most to read and swap; {first * 1e3:.0f} at the start"
    return figure("rules.reload.stall_ms", round(max(waits) * 1e3, 1), "<=", 5, took)


def _write(folder: Path) -> None:
    for name in (f"rules/{GLOBAL}", "accounts"):
        (folder / name).mkdir(parents=True)
    files = {"engine.yaml": _ENGINE, "tariff.yaml": _TARIFF, "accounts/anna.yaml": _ANNA}
    for file in range(FILES):
        rules = (
            f"  - {{name: R{file} {rule}, when: {{subject: word{file}x{rule}x, from: '@s{rule}.example'}},"
            f" notify: {{text: 'now: {{subject|40}}'}}}}\n"
            for rule in range(RULES)
        )
        files[f"rules/{GLOBAL}/{file}.yaml"] = "version: 1\nrules:\n" + "".join(rules)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _changed(old: Ruleset, new: Ruleset) -> int:
    pairs = zip(old.scopes[GLOBAL], new.scopes[GLOBAL], strict=True)
    return sum(one is not other for one, other in pairs)


class _Pulse:
    """The loop's own turns: the most processor time that passed while one of them was due, in seconds."""

    longest = 0.0

    async def __aenter__(self) -> "_Pulse":
        self._task = asyncio.create_task(self._beat())
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()

    async def _beat(self) -> None:
        while True:
            before = time.process_time()
            await asyncio.sleep(_BEAT)
            self.longest = max(self.longest, time.process_time() - before - _BEAT)
