"""`tocsin phone`: a virtual phone to send to, so that nothing has to be bought to see the product work."""

from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8026, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--journal",
    default="phone.jsonl",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Every request and what became of it, one JSON line each; also the phone's memory.",
)
@click.option(
    "--callback",
    default="http://127.0.0.1:8025/callbacks/phone",
    show_default=True,
    help="Where delivery reports go: the engine's web server, and the provider's name.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A secret shared with the engine, shown both ways.",
)
def command(host: str, port: int, journal: Path, callback: str, token_file: Path | None) -> None:
    """Run a virtual phone: it takes messages, shows them at /, and reports them delivered."""
    import asyncio
    import signal

    from engine.demo.phone_server import run

    token = _read(token_file) if token_file else ""

    async def serve() -> None:
        until = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, until.set)
        await run(host, port, journal, callback=callback, token=token, until=until)

    asyncio.run(serve())


def _read(file: Path) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise click.BadParameter("the file cannot be read as text", param_hint="--token-file") from None
    if not token:
        raise click.BadParameter("the file is empty", param_hint="--token-file")
    return token
