"""`tocsin send --test`: one message now, through the real provider, with everything it says."""

import json
from pathlib import Path

import click

#: Beside 0 (accepted or delivered) and 2 (wrong usage).
UNREACHABLE = 3
REFUSED = 4


@click.command("send")
@click.option("--to", "number", required=True, metavar="NUMBER", help="A mobile number with its country: +32 475 …")
@click.option("--text", required=True, help="What to send.")
@click.option("--test", is_flag=True, help="Say that it is a test: marked, at most 10 a day, billed to nobody.")
@click.option("--provider", metavar="NAME", help="Through this provider, instead of the tariff's for the number.")
@click.option(
    "--wait",
    default=20,
    show_default=True,
    type=click.IntRange(1, 600),
    metavar="SECONDS",
    help="How long to wait for the provider and its delivery report.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(config: Path, number: str, text: str, test: bool, provider: str | None, wait: int, as_json: bool) -> None:
    """Send one test message. A running engine sends it and hears the report; without one it is sent from here.

    Exit 0: accepted or delivered. 3: the provider cannot be reached, or gave no clear answer. 4: refused.
    """
    import asyncio

    from engine.cli.opened import opened
    from engine.cli.trying import Try, quote, run

    if not test:
        raise click.UsageError("people are told by rules; from here only tests are sent: add --test")
    with opened(config) as (store, wanted):
        try:
            road = quote(wanted, number, text, provider)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        tell = (lambda line: None) if as_json else click.echo
        ended = asyncio.run(run(Try(store, wanted, road, text, wait), tell))
    if as_json:
        click.echo(json.dumps(ended.record()))
    raise SystemExit({"accepted": 0, "refused": REFUSED, "unreachable": UNREACHABLE}[ended.verdict])
