"""receipts → what became of the message. A report also proves that the provider took it, so it can settle credit."""

from collections.abc import Sequence

from engine.agents import silence
from engine.agents.desk import Desk
from engine.failpoints import failpoint
from engine.receipt import DeliveryReport
from engine.store import reports
from engine.store.database import Connection


async def settle(desk: Desk, said: Sequence[DeliveryReport]) -> None:
    """Apply each report once; a repeated or late one changes nothing."""
    failpoint("receipt_taken")
    now = desk.clock()

    def apply(connection: Connection) -> None:
        for each in said:
            reports.report(connection, each, now)
        failpoint("receipt_open")

    await desk.store.awrite(apply)
    await silence.note(desk, {each.provider for each in said})
    failpoint("receipt_applied")
    desk.bells.due.set()
    desk.bells.outbox.set()
