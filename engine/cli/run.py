"""`tocsin run`: the engine, until it is told to stop."""

import asyncio
import signal
from pathlib import Path

import click


@click.command("run")
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
@click.option(
    "--log-format", default="text", show_default=True, type=click.Choice(["text", "json"]), help="A line, or JSON."
)
@click.pass_obj
def command(config: Path, log_level: str, log_format: str) -> None:
    """Watch the mailboxes and tell people, until SIGTERM or ^C."""
    from engine import settings, wiring
    from engine.cli import logs
    from engine.cli.masking import Masking, secrets_of
    from engine.settings import Settings

    def say_ready(wanted: Settings) -> None:
        mailboxes = sum(len(each.mailboxes) for each in wanted.accounts)
        click.echo(
            f"running: {len(wanted.accounts)} accounts, {mailboxes} mailboxes, configuration {wanted.version}; "
            f"callbacks at http://{wanted.web.host}:{wanted.web.port}/",
            err=True,
        )

    mask = logs.set_up(log_level, log_format)
    wanted = settings.require(config)
    mask.masking = Masking(secrets_of(wanted))

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        await wiring.run(wanted, stop, ready=lambda: say_ready(wanted))

    asyncio.run(serve())
    click.echo("stopped; everything is kept", err=True)
