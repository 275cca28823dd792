"""`tocsin run`: the engine, until it is told to stop."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click


@click.command("run")
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
@click.pass_obj
def command(config: Path, log_level: str) -> None:
    """Watch the mailboxes and tell people, until SIGTERM or ^C."""
    from engine import settings, wiring
    from engine.settings import Settings

    def say_ready(wanted: Settings) -> None:
        mailboxes = sum(len(each.mailboxes) for each in wanted.accounts)
        click.echo(
            f"running: {len(wanted.accounts)} accounts, {mailboxes} mailboxes, configuration {wanted.version}; "
            f"callbacks at http://{wanted.web.host}:{wanted.web.port}/",
            err=True,
        )

    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s  %(message)s"
    )
    # What goes on inside these is theirs; what went wrong reaches us as a warning.
    for name in ("alembic", "faust", "mode", "aiokafka", "engine.transport", "engine.agents.app", "imapclient"):
        logging.getLogger(name).setLevel(logging.WARNING)
    wanted = settings.require(config)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        await wiring.run(wanted, stop, ready=lambda: say_ready(wanted))

    asyncio.run(serve())
    click.echo("stopped; everything is kept", err=True)
