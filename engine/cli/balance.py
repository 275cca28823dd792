"""`tocsin balance ACCOUNT`: what is left, set aside and spent, in each bucket."""

import json
from pathlib import Path

import click


@click.command("balance")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(config: Path, account: str | None, as_json: bool) -> None:
    """Show the credit of ACCOUNT, or of every account."""
    from engine.cli.credit import describe, read_credit
    from engine.cli.opened import opened

    with opened(config) as (store, wanted):
        names = [each.account.id for each in wanted.accounts]
        if account is not None and account not in names:
            raise click.BadParameter(f"there is no account {account!r}; known: {', '.join(names)}")
        found = {name: read_credit(store, wanted, name) for name in ([account] if account else names)}
    if as_json:
        click.echo(json.dumps({name: [vars(each) for each in credits] for name, credits in found.items()}))
        return
    for name, credits in found.items():
        click.echo(name)
        for each in credits:
            click.echo(f"  {describe(each)}")
