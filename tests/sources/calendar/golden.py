"""Write the golden answers anew: `python -m tests.sources.calendar.golden DIR`, where DIR/node_modules has ical.js.

For each file of the corpus: what we say, and what ical.js says. `tests/data/calendar/why.json` says why they
differ, `docs/appointments-golden.md` is the table. The suite itself needs no node.
"""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Timezone

from engine.errors import SourceError
from engine.sources.calendar.expand import expand
from engine.sources.calendar.lines import unfold
from engine.sources.calendar.split import split
from tests.sources.calendar.corpus import ZONE, Case, cases

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data" / "calendar"
PAGE = ROOT / "docs" / "appointments-golden.md"


def ours(case: Case) -> dict[str, list[list[str]]] | dict[str, str]:
    """Our answer as the golden file holds it: occasions and troubles, or why the whole file is refused."""
    try:
        chunks = split(case.text)
    except SourceError as error:
        return {"refused": error.message}
    occasions, troubles = [], []
    for own, chunk in chunks.items():
        uid = "" if own.startswith("no-uid-") else own
        expanded = expand(chunk, ZONE, *case.window, feed="golden")
        for one in expanded.occasions:
            row = [uid, f"{one.starts_at:%Y%m%dT%H%M%SZ}", f"{one.ends_at:%Y%m%dT%H%M%SZ}"]
            occasions.append([*row, *(["cancelled"] if one.status == "cancelled" else [])])
        troubles += [[uid, trouble.what] for trouble in expanded.troubles]
    return {"occasions": sorted(occasions), "troubles": troubles}


def peer(case: Case, home: Path) -> list[list[str]] | str:
    """ical.js's answer, or what became of it."""
    asked = {"text": _with_zones(case.text), "from": case.window[0].isoformat(), "to": case.window[1].isoformat()}
    try:
        done = subprocess.run(
            ["node", str(home / "peer.mjs")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env={"TZ": ZONE, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
    except subprocess.TimeoutExpired:
        return "hangs (10 s)"
    if done.returncode:
        found = re.search(r"^\w*Error: (.*)$", done.stderr, re.MULTILINE)
        return f"fails: {found[1][:100] if found else 'no reason'}"
    answer: list[list[str]] = json.loads(done.stdout)
    return answer


def _with_zones(text: str) -> str:
    """ical.js knows no zone by itself: those that are named and well known are written into the calendar."""
    named = set(re.findall(r';TZID="?([^";:,\n]+)', text)) - set(re.findall(r"^TZID[^:\n]*:([^\r\n]*)", text, re.M))
    zones = ""
    for name in sorted(named):
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue
        zone = unfold(Timezone.from_tzid(name).to_ical().decode())
        # ical.js reads the first value of an RDATE only.
        zones += re.sub(r"(?m)(?<=\d),(?=\d{8}T)", "\nRDATE:", zone).replace("\n", "\r\n")
    return re.sub(r"(?m)^BEGIN:(?=VEVENT)", zones.replace("\\", r"\\") + "BEGIN:", text, count=1) if zones else text


def write(home: Path) -> None:
    """Ask both, and write the golden file and the page."""
    shutil.copy(DATA / "peer.mjs", home / "peer.mjs")
    every = list(cases())
    with ThreadPoolExecutor(2) as threads:
        peers = list(threads.map(lambda case: peer(case, home), every))
    golden = {case.id: {"ours": ours(case), "peer": said} for case, said in zip(every, peers, strict=True)}
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(_short(row))}" for key, row in golden.items())
    (DATA / "golden.json").write_text(f"{{\n{lines}\n}}\n")
    PAGE.write_text(page())


def _short(row: dict[str, object]) -> dict[str, object]:
    """Where both agree the answer is written once."""
    return {**row, "peer": "same"} if agrees(row) else row


def agrees(row: dict[str, object]) -> bool:
    """Whether both say the same occurrences, from start to end; what is no calendar has none."""
    said = row["ours"]
    assert isinstance(said, dict)
    if row["peer"] == "same":
        return True
    return [one[:3] for one in said.get("occasions", [])] == row["peer"]


def page() -> str:
    """The table of differences."""
    golden = json.loads((DATA / "golden.json").read_text())
    why = json.loads((DATA / "why.json").read_text())
    same = sum(agrees(row) for row in golden.values())
    rows = [
        f"| `{key}` | {_count(row['ours'])} | {_count(row['peer'])} | {why.get(key, '?')} |"
        for key, row in golden.items()
        if not agrees(row)
    ]
    head = f"""# Appointments: where we differ from ical.js

{len(golden)} calendars, those that icalendar and recurring-ical-events carry in their tests, each expanded for 400
days from its first appointment for an account in {ZONE}, by us and by ical.js 2.2.1. {same} answers are the same to
the second, the other {len(golden) - same} are explained here. The numbers are of occurrences.

Written by `python -m tests.sources.calendar.golden`, checked by `tests/sources/calendar/test_golden.py`; the cases of
our own, with the answers as data, are `tests/sources/calendar/traps.py`.

| calendar | ours | ical.js | why |
|---|---|---|---|
"""
    return head + "\n".join(rows) + "\n"


def _count(said: object) -> str:
    if isinstance(said, dict):
        return str(len(said["occasions"])) if "occasions" in said else "refused"
    return str(len(said)) if isinstance(said, list) else str(said)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
