"""`tocsin doctor`: is everything that the engine needs there? Each line says ok, or what fails and what to do."""

import asyncio
import json
from pathlib import Path

import click

#: Seconds that a running engine gets to say whether it is ready.
PATIENCE = 8.0


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--ready", is_flag=True, help="Ask only whether the engine that runs here is ready.")
@click.pass_obj
def command(config: Path, as_json: bool, ready: bool) -> int:
    """Try the store, the stream, every mailbox and every provider; exit 3 when one of them cannot be reached."""
    if ready:
        return _ask_ready(config)
    from engine.cli.examining import examine

    found = asyncio.run(examine(config))
    bad = sum(not finding.ok for finding in found)
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in found]))
        return 3 if bad else 0
    for finding in found:
        click.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.place}  {finding.message}")
        if not finding.ok and finding.remedy:
            click.echo(f"      to mend it: {finding.remedy}")
    click.echo("all is well" if not bad else f"{bad} to mend")
    return 3 if bad else 0


def _ask_ready(config: Path) -> int:
    """What `/readyz` says, as it says it: 0 ready, 1 not yet, 3 nobody answers."""
    from http.client import HTTPConnection, HTTPException

    from engine import settings

    web = settings.require(config).web
    # Who listens on every address is asked on this machine's own.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104
    connection = HTTPConnection(host, web.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        click.echo(answer.read().decode(errors="replace"))
        return 0 if answer.status == 200 else 1
    except (OSError, HTTPException) as error:
        click.echo(f"{host}:{web.port}: no engine answers: {error}", err=True)
        return 3
    finally:
        connection.close()
