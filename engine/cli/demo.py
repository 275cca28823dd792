"""`tocsin demo`: a mailbox, the engine and a virtual phone on this machine; nothing else is needed."""

import click


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="Two mails, a reminder and the proof; ends by itself, with code 0 only if all is well.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Of the page. [default: 8080, or a free one]")
def command(once: bool, port: int | None) -> None:
    """Show the whole thing: mail yourself, and watch the phone."""
    import asyncio
    import signal

    from engine.demo.play import play

    async def run() -> None:
        playing = asyncio.create_task(play(once=once, port=port))
        loop = asyncio.get_running_loop()

        def end() -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: None)  # the children are being ended; impatience leaks them
            playing.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
        await playing

    try:
        asyncio.run(run())
    except asyncio.CancelledError:
        if once:
            raise click.Abort from None
