"""Advice of the doctor: rules that tell a number of which nobody has shown that it is the owner's (S43)."""

from collections.abc import Iterator

from engine.account import Account
from engine.cli.finding import Finding
from engine.notification import Channel
from engine.phone import mask
from engine.rules.reach import ME
from engine.rules.ruleset import Ruleset
from engine.settings import Settings
from engine.store import verifying
from engine.store.database import Connection

_BY_PHONE = frozenset({Channel.SMS, Channel.MMS, Channel.RCS})


def unproven(connection: Connection, wanted: Settings) -> Iterator[Finding]:
    """One line for each account whose rules tell `me` at a number that is not verified."""
    for each in wanted.accounts:
        account = each.account
        if account.numbers and _tells_owner(account, wanted.ruleset):
            for number in verifying.unverified(connection, account.id, account.numbers[:1]):
                yield Finding(
                    True,
                    f"{account.id} {mask(number)}",
                    "rules tell this number, and nobody has shown that it is the owner's: "
                    f"tocsin verify NUMBER --account {account.id}",
                )


def _tells_owner(account: Account, ruleset: Ruleset) -> bool:
    return any(
        person.id == ME.id and _BY_PHONE & set(action.channels)
        for rule in ruleset.of(account.id)
        for action in rule.actions
        for person in action.recipients
    )
