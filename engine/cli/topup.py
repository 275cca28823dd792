"""`tocsin topup ACCOUNT AMOUNT`: add bought credit; works while the engine runs."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

if TYPE_CHECKING:
    from engine.money import Money


def _read(amount: str, currency: str) -> "Money":
    """What is paid in. 1.000 is a thousand to many and one to others: raises ValueError, as for what is no amount."""
    from engine.money import Money, decimals

    money = Money.parse(amount, currency)
    if len(amount.strip().replace(",", ".").partition(".")[2]) > decimals(currency):
        raise ValueError(f"{amount!r} has more decimals than {currency}; a thousand is 1000")
    return money


@click.command("topup")
@click.argument("account")
@click.argument("amount")
@click.option("--payment", help="The payment's own id: the same payment given twice counts once.")
@click.option("--yes", is_flag=True, help="Do not ask (needed where there is no terminal).")
@click.pass_obj
def command(config: Path, account: str, amount: str, payment: str | None, yes: bool) -> None:
    """Add AMOUNT (in the tariff's currency) to ACCOUNT's balance, which never lapses."""
    from engine.cli.credit import describe, read_credit
    from engine.cli.opened import opened
    from engine.store import ledger
    from engine.wiring import clock

    with opened(config) as (store, wanted):
        try:
            money = _read(amount, wanted.tariff.currency)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="AMOUNT") from None
        if money.minor <= 0:
            raise click.BadParameter("a top-up is more than nothing", param_hint="AMOUNT")
        names = [each.account.id for each in wanted.accounts]
        if account not in names:
            raise click.BadParameter(f"there is no account {account!r}; known: {', '.join(names)}")
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("this moves money: add --yes")
            click.confirm(f"add {money} to {account}?", abort=True)
        # Without a payment's id each call is a payment of its own.
        key = payment or f"by-hand:{uuid4()}"
        actor = f"{os.environ.get('SUDO_USER') or os.environ.get('USER') or 'unknown'} (tocsin topup)"
        new = store.write(lambda connection: ledger.topup(connection, account, money, key, clock(), actor))
        click.echo(f"added {money} to {account}" if new else f"payment {payment} was added before; nothing changed")
        for each in read_credit(store, wanted, account):
            click.echo(f"  {describe(each)}")
