"""`tocsin verify NUMBER`: prove that a number is one's own, by a code that is sent to it."""

import sys
from pathlib import Path

import click

from engine.cli.send import REFUSED, UNREACHABLE


@click.command("verify")
@click.argument("number")
@click.option("--account", metavar="ID", help="Proven for this account, which pays; without it, for all, as a test.")
@click.option("--code", metavar="CODE", help="The code that was sent; without it one is sent.")
@click.option("--provider", metavar="NAME", help="Through this provider, instead of the tariff's for the number.")
@click.option(
    "--wait",
    default=20,
    show_default=True,
    type=click.IntRange(1, 600),
    metavar="SECONDS",
    help="How long to wait for the provider.",
)
@click.pass_obj
def command(
    config: Path, number: str, account: str | None, code: str | None, provider: str | None, wait: int
) -> None:
    """Send a code of six digits to NUMBER and ask for it: the right one proves that the number is yours.

    It is good for 10 minutes and 5 tries; a number gets at most 3 an hour. Where nobody can be asked, give it with
    --code afterwards. Exit 0: verified, or sent. 3: it could not be sent. 4: refused, or not the code.
    """
    from engine import phone
    from engine.cli.opened import opened
    from engine.cli.verifying import may_arrive, prover
    from engine.verification import Outcome

    with opened(config) as (store, wanted):
        try:
            mine = prover(store, wanted, number, account, provider)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if code is None:
            ended = mine.send(wait, click.echo)
            if ended is None:
                raise SystemExit(REFUSED)
            if not may_arrive(ended):
                raise SystemExit(REFUSED if ended.verdict == "refused" else UNREACHABLE)
            if not sys.stdin.isatty():
                click.echo(f"when it has arrived: tocsin verify {number!r} --code CODE")
                return
        outcome, left = mine.check(code or click.prompt("the code"))
        while code is None and outcome is Outcome.WRONG:
            click.echo(f"{outcome.sentence}; tries left: {left}")
            outcome, left = mine.check(click.prompt("the code"))
    click.echo(f"{phone.mask(mine.road.number)}: {outcome.sentence}")
    if outcome is not Outcome.VERIFIED:
        raise SystemExit(REFUSED)
