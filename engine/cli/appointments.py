"""`tocsin appointments`: what is coming, what is reminded of it, when, and why not."""

import json
from pathlib import Path

import click

#: Further ahead nothing is expanded yet.
HORIZON = 35


@click.command("appointments")
@click.option("--account", metavar="NAME", help="Only of this account.")
@click.option("--days", type=click.IntRange(1, HORIZON), default=7, show_default=True, help="So many days ahead.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(config: Path, account: str | None, days: int, as_json: bool) -> None:
    """Show the appointments of the next days, and of each: which reminders, when, what became of them, or why none.

    They are those that the engine has read from the calendars; `tocsin doctor` tries the calendars themselves.
    """
    from engine.cli.coming import describe, look, record
    from engine.cli.opened import opened
    from engine.wiring import clock

    with opened(config) as (store, wanted):
        names = [each.account.id for each in wanted.accounts]
        if account is not None and account not in names:
            raise click.BadParameter(f"there is no account {account!r}; known: {', '.join(names)}")
        now = clock()
        found = [look(store, wanted, name, now, days) for name in ([account] if account else names)]
    if as_json:
        click.echo(json.dumps({each.account.id: record(each) for each in found}))
        return
    for each in found:
        for line in describe(each):
            click.echo(line)
