"""The judge of a proof: what the store says, held against what the virtual phones took."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from benchmarks.figures import figure
from engine.store import ledger
from tests.servers.installation import Installation

_DONE = {"sent", "delivered", "undelivered", "failed", "expired", "refused"}


@dataclass
class Judgement:
    """Counts of everything that must not happen, and of what may but must be said."""

    mails: int = 0
    messages: int = 0
    taken: int = 0
    lost: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    charged_twice: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    """The phone has it and nobody paid."""
    paid_for_nothing: list[str] = field(default_factory=list)
    overspent: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    buried: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, many: Sequence[Self]) -> Self:
        """All of them as one."""
        whole = cls()
        for one in many:
            for name, value in vars(one).items():
                setattr(whole, name, getattr(whole, name) + value)
        return whole

    @property
    def red(self) -> bool:
        """Whether anything happened that must not."""
        return any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """How often each thing that must not happen did."""
        names = (
            "lost",
            "sent_twice",
            "charged_twice",
            "free",
            "paid_for_nothing",
            "overspent",
            "differences",
            "buried",
        )
        return {name: len(getattr(self, name)) for name in names}

    def tell(self, prefix: str = "proof") -> bool:
        """Print the figures; returns whether all are met."""
        print(f"  {self.mails} mails, {self.messages} messages, {self.taken} taken by the phones")
        met = True
        for name, count in self.counts().items():
            met &= figure(f"{prefix}.{name.replace('_', '-')}", count, "==", 0)
            for each in getattr(self, name)[:10]:
                print(f"  {name}: {each}")
        print(f"  uncertain (listed, not hidden): {len(self.uncertain)}")
        for each in self.uncertain:
            print(f"    {each}")
        return met


def judge(installation: Installation, delivered: dict[str, str], texts: Iterable[str]) -> Judgement:
    """Judge an installation at rest.

    `delivered`: subject -> account; a subject with `alarm` must become a message. `texts`: what the other side took,
    by its own journal.
    """
    taken = Counter(texts)
    found = Judgement(mails=len(delivered), taken=taken.total())
    # What was collected is named in the text of its digest.
    named = {subject: sum(many for text, many in taken.items() if subject in text) for subject in delivered}
    decided = Counter(
        row[0] for row in installation.rows(f"SELECT {installation.json('event', 'subject')} FROM decision")
    )
    rows = installation.rows(
        f"""
        SELECT {installation.json("d.event", "subject")} AS subject, m.id, m.fate, m.account_id, n.reason,
               (SELECT count(*) FROM transfer t WHERE t.message_id = m.id AND t.kind = 'settle') AS settled
        FROM notification n JOIN decision d ON d.event_id = n.event_id
        LEFT JOIN message m ON m.notification_id = coalesce(n.digest_id, n.id)
        """
    )
    found.messages = len(rows)
    fates: dict[str, list[str]] = {}
    for row in rows:
        fates.setdefault(row.subject, []).append(row.fate or "refused")
        if row.settled > 1:
            found.charged_twice.append(row.subject)
        if row.fate in ("sent", "delivered", "undelivered") and not row.settled:
            found.free.append(f"{row.subject}: {row.fate}, and nobody paid")
        if row.settled and not named[row.subject]:
            found.paid_for_nothing.append(row.subject)
        if row.fate == "uncertain":
            had = "the phone has it" if named[row.subject] else "the phone never got it"
            found.uncertain.append(f"{row.subject} ({row.account_id}): {had}")
    for subject, account in delivered.items():
        if decided[subject] != 1:
            found.lost.append(f"{subject} ({account}): {decided[subject]} decisions")
        elif subject.startswith("alarm"):
            _judge_alarm(found, subject, fates.get(subject, []), named[subject])
        elif fates.get(subject) or named[subject]:
            found.sent_twice.append(f"{subject}: should have been silent")
    _judge_money(found, installation)
    found.buried = [str(row) for row in installation.rows('SELECT topic, "offset", reason, error FROM dead_letter')]
    return found


def _judge_alarm(found: Judgement, subject: str, fates: list[str], taken: int) -> None:
    if not fates or any(fate not in _DONE | {"uncertain"} for fate in fates):
        found.lost.append(f"{subject}: fates {fates}, taken {taken}")
    if any(fate in ("failed", "expired", "refused") for fate in fates):
        found.lost.append(f"{subject}: fates {fates} though there was credit and the phone was there")
    if taken > 1 or len(fates) > 1:
        found.sent_twice.append(f"{subject}: taken {taken}, messages {len(fates)}")
    if taken and fates and not any(fate in ("sent", "delivered", "undelivered", "uncertain") for fate in fates):
        found.free.append(f"{subject}: taken, and {fates}")


def _judge_money(found: Judgement, installation: Installation) -> None:
    with installation.store() as store:
        found.differences = store.read(ledger.differences)
        for (name,) in installation.rows("SELECT id FROM account"):
            for each in store.read(lambda c: ledger.credits(c, name)):  # noqa: B023
                if min(each.available, each.held, each.spent) < 0:
                    found.overspent.append(f"{name}: {each}")
    held = installation.rows(
        "SELECT sum(balance) FROM ledger_account WHERE kind = 'held'"
        " UNION ALL SELECT coalesce(sum(units), 0) FROM message WHERE fate IN ('uncertain', 'queued', 'sending')"
    )
    if (held[0][0] or 0) != (held[1][0] or 0):
        found.differences.append(f"held {held[0][0]}, open messages need {held[1][0]}")
