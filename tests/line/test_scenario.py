"""Twenty mails, three rules, three accounts, through the whole line on real parts: every fate, reason and cent."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from engine.store import ledger
from tests.servers.client import MailServer
from tests.servers.dovecot import DovecotServer
from tests.servers.installation import Installation, Person
from tests.servers.kannel import KannelServer
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

SHARED = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - name: Newsletters stay silent
    when: {from: "@news.example"}
    stop: true
  - name: Urgent
    when: {any: [{subject: {contains: [spoed, urgent]}}, {from: boss@acme.example}]}
    notify: {to: me, text: "{from.name}: {subject|80}"}
"""
REPORT = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - name: Weekly report
    when: {all: [{from: reports@acme.example}, {subject: {starts_with: report}}]}
    notify: {to: me, max_parts: 2, text: "LONG {subject|80}"}
"""
# 161 septets of GSM-7 make two parts.
LONG = "Report " + "x" * 73

RICH = Person("rich", "+32470000001", "u1", parts=100)
SCARCE = Person(
    "scarce",
    "+32470000002",
    "u2",
    parts=1,
    credit="0.40",
    rules=REPORT.replace(
        "LONG", "The weekly report of your company has arrived, please read it at your desk: " + "y" * 20
    ),
)
POOR = Person("poor", "+32470000003", "u3")

#: (who, from, subject) -> what is expected of it, in the order of delivery.
MAILS = [
    ("rich", "Ann <ann@x.example>", "Spoed 1", "delivered:allowance"),
    ("scarce", "Reports <reports@acme.example>", LONG, "delivered:balance"),  # two parts; one is left: the balance
    ("poor", "Ann <ann@x.example>", "Spoed 2", "refused:no_credit"),
    ("rich", "Ann <ann@x.example>", "lunch", "no_rule_matched"),
    ("rich", "Boss <boss@acme.example>", "lunch", "delivered:allowance"),
    ("scarce", "Ann <ann@x.example>", "URGENT 3", "delivered:allowance"),  # the one part that was left
    ("poor", "Boss <boss@acme.example>", "hello", "refused:no_credit"),
    ("rich", "News <today@news.example>", "Urgent offer", "matched"),  # a rule that only stops
    ("scarce", "Ann <ann@x.example>", "urgent 4", "delivered:balance"),  # 0.24 -> 0.16
    ("poor", "Ann <ann@x.example>", "lunch", "no_rule_matched"),
    ("rich", "Ann <ann@x.example>", "SPOED 5", "delivered:allowance"),
    ("scarce", "Reports <reports@acme.example>", LONG, "delivered:balance"),  # 0.16 -> 0
    ("poor", "Zoë <zoe@x.example>", "spoed €", "refused:no_credit"),
    ("rich", "Zoë <zoe@x.example>", "spoed Ξ", "delivered:allowance"),
    ("scarce", "Ann <ann@x.example>", "urgent 6", "refused:no_credit"),
    ("poor", "News <today@news.example>", "urgent", "matched"),
    ("rich", "Ann <ann@x.example>", "report", "no_rule_matched"),
    ("scarce", "Ann <ann@x.example>", "report", "no_rule_matched"),
    ("poor", "Ann <ann@x.example>", "Spoed 7", "refused:no_credit"),
    ("rich", "Ann <ann@x.example>", "Re: spoed 8", "delivered:allowance"),
]


@dataclass(frozen=True)
class Where:
    """The parts that a scenario runs on."""

    mail: str = "pymap"
    stream: str = "embedded"
    store: str = "sqlite"
    gateway: str = "fake"


#: Every pair that makes sense: many workers need PostgreSQL, so Kafka goes with it.
PLACES = [
    Where(),
    Where(mail="dovecot"),
    Where(store="postgresql"),
    Where(gateway="kannel"),
    Where(stream="kafka", store="postgresql"),
    Where(stream="kafka", store="postgresql", gateway="kannel"),
]


def _place(where: Where) -> object:
    """What a richer place shows too takes its time only where time is."""
    marks = [] if where == Where() else [pytest.mark.live]
    if where == Where(stream="kafka", store="postgresql"):
        marks.append(pytest.mark.long)
    return pytest.param(where, id="+".join(astuple(where)), marks=marks)


@asynccontextmanager
async def _mail(kind: str) -> AsyncIterator[MailServer]:
    running = PymapServer.running(users=3) if kind == "pymap" else DovecotServer.running()
    async with running as server:
        yield server


@asynccontextmanager
async def _gateway(kind: str, installation: Installation) -> AsyncIterator[Callable[[], list[str]]]:
    """Starts what carries the SMS; answers what looks up whose phone rang, once for each SMS."""
    if kind == "fake":
        phone = await installation.start_phone()
        yield lambda: [str(each["to"]) for each in phone.taken()]
        return
    async with KannelServer.running(installation.folder / "kannel") as kannel:
        installation.gateways = (
            f"  phone: {{driver: kannel, url: '{kannel.url}', user: tocsin, password: {kannel.password},"
            " sender: Tocsin}\n"
        )
        numbers = [each.number for each in (RICH, SCARCE, POOR)]
        yield lambda: [number for number in numbers for _ in kannel.smsc.texts(number.lstrip("+"))]


@pytest.mark.parametrize("where", [_place(where) for where in PLACES])
async def test_twenty_mails_meet_their_fates(where: Where, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    people = [RICH, SCARCE, POOR]
    installation = Installation(tmp_path)
    if where.stream == "kafka":
        installation.stream_url = request.getfixturevalue("kafka").url(f"{uuid4().hex[:8]}-")
    if where.store == "postgresql":
        installation.store_url = request.getfixturevalue("postgres").create()
    async with _mail(where.mail) as server, _gateway(where.gateway, installation) as rung:
        try:
            installation.write(people, server, shared=SHARED)
            await installation.start_engine()
            await installation.watching(3)
            users = {each.id: each.user for each in people}
            for who, sender, subject, _ in MAILS:
                await server.deliver(users[who], letter(subject, sender=sender))
            await installation.until(lambda: installation.count("decision") == len(MAILS), "20 decisions")
            # sent = handed over; the reports then say that they arrived
            wanted = sum(expected.startswith("delivered") for *_, expected in MAILS)
            await installation.until(
                lambda: installation.count("message", "fate = 'delivered'") == wanted, "receipts"
            )
            assert await installation.end_engine() == 0
            _check(installation, rung())
        finally:
            await installation.close()


def _check(installation: Installation, rung: list[str]) -> None:
    found = installation.rows(
        f"""
        SELECT d.account_id, {installation.json("d.event", "subject")} AS subject, d.reason,
               (SELECT r.fate || ':' || CASE r.fate WHEN 'refused' THEN r.reason
                       ELSE CASE l.unit WHEN 'part' THEN 'allowance' ELSE 'balance' END END
                FROM notification n JOIN receipt r ON r.notification_id = n.id
                LEFT JOIN message m ON m.notification_id = n.id LEFT JOIN ledger_account l ON l.id = m.bucket_id
                WHERE n.event_id = d.event_id ORDER BY r.seq DESC LIMIT 1) AS fate
        FROM decision d ORDER BY d.account_id, {installation.json("d.event", "uid")}
        """
    )
    became = [(row.account_id, row.subject, row.fate or row.reason) for row in found]
    expected = [(who, subject, fate) for who, _, subject, fate in sorted(MAILS, key=lambda mail: mail[0])]
    assert became == expected

    # Each SMS once, and only those: the other side's own count.
    wanted = sorted(who for who, *_, fate in MAILS if fate.startswith("delivered"))
    numbers = {each.number: each.id for each in (RICH, SCARCE, POOR)}
    assert sorted(numbers[each] for each in rung) == wanted

    with installation.store() as store:
        assert store.read(ledger.differences) == []
        credit = {
            (name, each.unit): (each.available, each.held, each.spent)
            for name in ("rich", "scarce", "poor")
            for each in store.read(lambda c: ledger.credits(c, name))  # noqa: B023
        }
    assert credit == {
        ("rich", "part"): (95, 0, 5),
        ("scarce", "part"): (0, 0, 1),
        ("scarce", "EUR"): (0, 0, 4000),
    }
