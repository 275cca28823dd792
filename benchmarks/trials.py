"""The trials of a proof: one installation, one fail-point after the other, then rest and judgement."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.judge import Judgement, judge
from benchmarks.stacks import Urls
from engine.failpoints import POINTS
from tests.servers.installation import ROOT, Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - name: Held
    when: {subject: alarm held}
    notify: {to: me, text: "{subject}"}
    limits: {quiet_hours: {between: "00:00-23:59"}}
    stop: true
  - name: Gathered
    when: {subject: alarm gathered}
    notify: {to: me, text: "{subject}"}
    limits: {digest: {every: 1h}}
    stop: true
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
#: Which mail passes a point that others do not.
KINDS = {
    "wake_open": "alarm held",
    "wake_committed": "alarm held",
    "digest_open": "alarm gathered",
    "digest_committed": "alarm gathered",
}
#: It is later: the night is over, what was collected is due, and whoever died holds nothing any more.
LATER = (
    """UPDATE held SET body = replace(body, '"start":"00:00","end":"23:59"', '"start":"00:00","end":"00:00"')""",
    "UPDATE due SET at = 0, lease = NULL WHERE kind IN ('hold', 'digest')",
)
#: Where a provider's silence, not only our death, must be in play for the point to be passed.
SILENT_POINTS = {"unknown_recorded"}
#: What no mail passes: tests/line/test_reminders.py and tests/live/test_reminders_on_kafka.py kill there.
OF_APPOINTMENTS = {"occasions_open", "reminder_published", "agenda_published"}
#: What only a message that goes on by another channel passes: tests/store/test_journeys.py kills there.
OF_JOURNEYS = {"journey_open", "journey_committed"}
#: Passed only by what phones write back: tests/web/test_inbound.py sees that it is passed before the thanks.
OF_TEXTS = {"inbound_published"}
#: What a mail passes on its way.
OF_MAIL = tuple(point for point in POINTS if point not in OF_APPOINTMENTS | OF_JOURNEYS | OF_TEXTS)


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
    reached: Counter[str] = field(default_factory=Counter)
    """point/class -> times, with a message in work."""
    missed: list[str] = field(default_factory=list)

    def total(self) -> int:
        """How often any point was passed."""
        return len(self.mark.read_text().split()) if self.mark.exists() else 0


def plan(seed: int, rounds: int = 1, most: int | None = None) -> list[Trial]:
    """Every point x way x class, `rounds` times, shuffled by `seed`; each point comes once before any comes twice."""
    shuffle = random.Random(seed).shuffle
    trials: list[Trial] = []
    for _ in range(rounds):
        by_point = [[Trial(point, how, cls) for how in ("kill", "term") for cls in CLASSES] for point in OF_MAIL]
        for each in by_point:
            shuffle(each)
        trials += [trial for row in zip(*by_point, strict=True) for trial in row]
    return trials[:most]


async def prove(
    folder: Path, trials: Sequence[tuple[int, Trial]], code: Path = ROOT, urls: Urls | None = None
) -> tuple[Judgement, Hits]:
    """Run the trials in one installation and judge it."""
    folder.mkdir(parents=True)
    urls = urls or Urls()
    installation = Installation(folder, code, stream_url=urls.stream, store_url=urls.store)
    hits = Hits(folder / "hits")
    async with PymapServer.running(users=3) as server:
        try:
            for each in CLASSES:
                await installation.start_phone(each, each)
            installation.write(PEOPLE, server, shared=RULES, timeout="1s")
            await installation.start_engine()
            await installation.watching(len(PEOPLE))
            await installation.end_engine()
            delivered: dict[str, str] = {}
            for number, trial in trials:
                await _try(installation, server, trial, number, delivered, hits)
            await _settle_down(installation, len(delivered))
            taken = [str(line["text"]) for phone in installation.phones.values() for line in phone.taken()]
            return judge(installation, delivered, taken), hits
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
    before = hits.total()
    running = await installation.start_engine(failpoint=f"{trial.point}:1:{trial.how}", mark=hits.mark)
    # Every fourth mail matches nothing: it must end in a decision, and in no message.
    alarm = KINDS.get(trial.point, "alarm")
    for kind in (alarm, "other") if number % 4 == 0 else (alarm,):
        subject = f"{kind} {number:04d}"
        delivered[subject] = person.id
        await server.deliver(person.user, letter(subject))
    if running:
        try:
            if trial.point in KINDS:
                waits = f"account_id = '{person.id}'"
                table = "held" if "held" in alarm else "digest"
                await installation.until(lambda: installation.count(table, waits) > 0, "it to wait", 20)
                _pass_time(installation)
            await installation.until(lambda: installation.ended or hits.total() > before, "the point", 20)
        except TimeoutError:
            hits.missed.append(f"{trial.point} {trial.how} {trial.provider_class}")
    if hits.total() > before:
        hits.reached[f"{trial.point}/{trial.provider_class}"] += 1
        if not installation.ended and trial.how == "term":
            await installation.until(lambda: installation.ended, f"the engine to stop, SIGTERM at {trial.point}", 60)
    await installation.end_engine(signal.SIGKILL)


def _pass_time(installation: Installation) -> None:
    for statement in LATER:
        installation.change(statement)


async def _settle_down(installation: Installation, mails: int) -> None:
    """Run undisturbed until nothing is left to do (an uncertain message waits for days, so it counts as done)."""
    await installation.start_engine()
    busy = "fate IN ('queued', 'sending')"
    quiet_since: float | None = None
    loop = asyncio.get_running_loop()

    def quiet() -> bool:
        nonlocal quiet_since
        if installation.count("held") or installation.count("digest"):
            _pass_time(installation)
        still = (
            installation.count("decision") >= mails
            and installation.count("held") == 0
            and installation.count("digest") == 0
            and installation.count("message", busy) == 0
            and installation.count("outbox") == 0
            and installation.count("message", "fate = 'sent'") == 0
            and all(phone.refs("taken") <= phone.refs("reported") for phone in installation.phones.values())
        )
        quiet_since = (quiet_since or loop.time()) if still else None
        return quiet_since is not None and loop.time() - quiet_since > 1.5

    try:
        await installation.until(quiet, "the line to come to rest", 60)
    except TimeoutError as error:
        print(f"  {str(error).splitlines()[0]}")  # what is unfinished, the judgement counts
    await installation.end_engine()
