"""`tocsin send --test`: one message now, through the real provider, with everything it says."""

import json
from pathlib import Path

import click

from engine.notification import Channel

#: Beside 0 (accepted or delivered) and 2 (wrong usage).
UNREACHABLE = 3
REFUSED = 4
#: Whoever receives it sees that it is one.
MARK = "Test: "


@click.command("send")
@click.option(
    "--to", "address", required=True, metavar="NUMBER", help="A number with its country, +32 475 …, or an address."
)
@click.option("--text", required=True, help='What to send; "Test: " is put before it.')
@click.option(
    "--channel",
    default=Channel.SMS.value,
    show_default=True,
    type=click.Choice([Channel.SMS.value, Channel.EMAIL.value, Channel.FAX.value]),
    help="By which road.",
)
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
def command(
    config: Path, address: str, text: str, channel: str, test: bool, provider: str | None, wait: int, as_json: bool
) -> None:
    """Send one test message. A running engine sends it and hears the report; without one it is sent from here.

    Exit 0: accepted or delivered. 3: the provider cannot be reached, or gave no clear answer. 4: refused.
    """
    import asyncio

    from engine.cli.opened import opened
    from engine.cli.road import quote
    from engine.cli.trying import Try, run

    if not test:
        raise click.UsageError("people are told by rules; from here only tests are sent: add --test")
    marked = f"{MARK}{text}" if text.strip() else ""
    with opened(config) as (store, wanted):
        try:
            road = quote(wanted, address, marked, provider, Channel(channel))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        tell = (lambda line: None) if as_json else click.echo
        ended = asyncio.run(run(Try(store, wanted, road, marked, wait), tell))
    if as_json:
        click.echo(json.dumps(ended.record()))
    raise SystemExit({"accepted": 0, "refused": REFUSED, "unreachable": UNREACHABLE}[ended.verdict])
