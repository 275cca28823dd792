"""`tocsin doctor`: is everything that the engine needs there? Each line says ok, or what fails and what to do."""

import asyncio
from pathlib import Path

import click


@click.command("doctor")
@click.pass_obj
def command(config: Path) -> None:
    """Try the store, every mailbox and every provider; exit 3 when one of them cannot be reached."""
    from engine.cli.examining import examine

    bad = 0
    for finding in asyncio.run(examine(config)):
        bad += not finding.ok
        click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.place}  {finding.message}")
        if not finding.ok and finding.remedy:
            click.echo(f"      to mend it: {finding.remedy}")
    click.echo("all is well" if not bad else f"{bad} to mend")
    raise SystemExit(3 if bad else 0)
