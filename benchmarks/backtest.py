"""`make bench ONLY=backtest`: 500 rules over 10,000 real mails, priced, beside only parsing the same mails."""

import random
import re
import resource
import tempfile
import time
from pathlib import Path

from benchmarks import corpus
from benchmarks.figures import figure
from engine.cli.backtesting import backtest, season_lines
from engine.cli.init import starter
from engine.sources.archive import read_events, scan_mbox

RULES, MAILS, ROUNDS = 500, 10_000, 3
_FIELDS = ("subject", "body", "from", "to")


async def run() -> bool:
    """The table and the figure, in time of the processor; true when it is met."""
    try:
        raw = corpus.raw_mails()
    except corpus.MissingCorpus as error:
        print(f"  no mails: {error}")
        return True
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name)
        mbox = _write_mails(folder / "mails.mbox", raw)
        _write_rules(folder / "config", raw)
        spans = []
        for turn in range(ROUNDS):
            begun = time.process_time()
            parsed = sum(1 for _ in read_events(scan_mbox(mbox), "me"))
            floor = time.process_time() - begun
            season, company = backtest(folder / "config", mbox=mbox, maildir=None, imap=None, whose=None, since=None)
            ours = time.process_time() - begun - floor
            spans.append((ours / floor, ours))
            assert parsed == season.events == MAILS
            if turn == 0:
                lines = list(season_lines(season, company))
                print("\n".join(f"  {line}" for line in (*lines[:12], "...", *lines[-2:])))
        ratio, ours = sorted(spans)[len(spans) // 2]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {ours:.1f} s of one core, {memory:.0f} MB at most (the mails are {mbox.stat().st_size / 1e6:.0f} MB)"
        )
        return figure("backtest.ratio", round(ratio, 2), "<=", 3, "scanning and parsing the same mbox, no rule asked")


def _write_mails(path: Path, raw: tuple[bytes, ...]) -> Path:
    """So many mails; the second time round, each is another one to dedupe."""
    with path.open("wb") as file:
        for number in range(MAILS):
            mail = raw[number % len(raw)].replace(b"\nFrom ", b"\n>From ")
            if number >= len(raw):
                mail = re.sub(rb"(?im)^message-id: *<", b"Message-ID: <again.", mail, count=1)
            file.write(b"From bench@example.org Mon Jan  5 10:00:00 2026\n" + mail + b"\n\n")
    return path


def _write_rules(folder: Path, raw: tuple[bytes, ...]) -> None:
    """The starter's configuration with rules of words that the mails have, or might have."""
    for name, content in starter():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "secrets/me.password").write_text("x")
    chance = random.Random(11)
    words = sorted({word.decode() for mail in raw[:400] for word in re.findall(rb"[a-z]{7,12}", mail)})
    domains = sorted(
        {found.decode() for mail in raw[:800] for found in re.findall(rb"@[a-z]+\.(?:com|org|net)", mail)}
    )
    rules = []
    for number in range(RULES):
        tests = {
            field: _test(field, chance, words, domains) for field in chance.sample(_FIELDS, chance.randint(1, 2))
        }
        when = ", ".join(f"{field}: {test}" for field, test in tests.items())
        accept = "accept: [list, automatic], " if number % 2 else ""
        rules.append(f"  - {{name: Rule {number}, when: {{{when}}}, {accept}notify: {{text: '{{subject|100}}'}}}}\n")
    (folder / "rules/me/first.yaml").write_text("version: 1\nrules:\n" + "".join(rules))


def _test(field: str, chance: random.Random, words: list[str], domains: list[str]) -> str:
    if field in ("from", "to"):
        return f"['{chance.choice(domains)}', '{chance.choice(domains)}']"
    return f"['{chance.choice(words)} {chance.choice(words)}', '{chance.choice(words)}']"
