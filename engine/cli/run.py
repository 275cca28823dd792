"""`tocsin run`: the engine, until it is told to stop."""

import asyncio
import signal
from pathlib import Path

import click

from engine.cli.number import number


@click.command("run")
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
@click.option(
    "--log-format", default="text", show_default=True, type=click.Choice(["text", "json"]), help="A line, or JSON."
)
@click.pass_obj
def command(config: Path, log_level: str, log_format: str) -> None:
    """Watch the mailboxes and tell people, until SIGTERM or ^C.

    Changed files are taken up by themselves within seconds, or at once by SIGHUP; while there is a mistake in them,
    nothing changes and the log says where it is.
    """
    from engine import settings, wiring
    from engine.agents.desk import Bells
    from engine.cli import logs
    from engine.cli.masking import Masking, secrets_of
    from engine.settings import Settings

    def say_ready(wanted: Settings) -> None:
        mailboxes = sum(len(each.mailboxes) for each in wanted.accounts)
        click.echo(
            f"running: {number(len(wanted.accounts), 'account')}, {number(mailboxes, 'mailbox', 'mailboxes')}, "
            f"configuration {wanted.version}; "
            f"callbacks at http://{wanted.web.host}:{wanted.web.port}/",
            err=True,
        )

    mask = logs.set_up(log_level, log_format)
    wanted = settings.require(config)

    def mask_secrets(taken: Settings) -> None:
        mask.masking = Masking(secrets_of(taken))

    mask_secrets(wanted)

    async def serve() -> None:
        stop, bells = asyncio.Event(), Bells()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, bells.configuration.set)
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        await wiring.run(wanted, stop, lambda: say_ready(wanted), bells, mask_secrets)

    asyncio.run(serve())
    click.echo("stopped; everything is kept", err=True)
