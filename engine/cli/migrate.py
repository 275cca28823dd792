"""`tocsin migrate --to …`: an installation that outgrew one machine moves to Kafka and PostgreSQL."""

import os
from collections.abc import Sequence
from pathlib import Path

import click


@click.command("migrate")
@click.option("--to", "first", required=True, metavar="WHAT=URL", help="stream=kafka://… or store=postgresql://…")
@click.argument("more", nargs=-1, metavar="[WHAT=URL]")
@click.pass_obj
def command(config: Path, first: str, more: tuple[str, ...]) -> None:
    """Move the store to an empty database, and the stream to a Kafka, while `tocsin run` is stopped.

    Nothing that is there now is changed. The stream itself is not copied: it must have been worked off.
    """
    from engine import settings, topics
    from engine.agents.line import LINE
    from engine.cli.running import embedded
    from engine.errors import TocsinError
    from engine.settings.servers import without_password
    from engine.transport.lock import lock
    from engine.transport.unread import unread

    wishes = _read([first, *more])
    wanted = settings.require(config)
    file = embedded(wanted.stream)
    if file is None:
        raise TocsinError(
            "the stream is shared by other machines already",
            place=str(config / "engine.yaml"),
            remedy="move the store alone with pg_dump",
        )
    # Held until the end: no engine may begin to write to what is being copied.
    held = lock(file)
    try:
        read_by_hops = {hop.input.name for hop in LINE if isinstance(hop.input, topics.Topic)}
        left = unread(file, topics.GROUP, read_by_hops)
        if left:
            counted = ", ".join(f"{count} in {topic}" for topic, count in sorted(left.items()))
            raise TocsinError(
                f"the stream still holds what was not worked off: {counted}",
                place=str(file),
                remedy="start `tocsin run` until it is drained (tocsin_stream_lag at /metrics is 0), then stop it",
            )
        if "store" in wishes:
            _copy(wanted.store, wishes["store"])
    finally:
        os.close(held)
    click.echo("now change engine.yaml to say:", err=True)
    for what, url in sorted(wishes.items(), reverse=True):
        shown, password = without_password(url)
        click.echo(f"{what}: {shown}")
        if password:
            click.echo(f"{what}_password_file: secrets/{what}.password")
            click.echo(f"write the password of {what} into that file; it is not shown here", err=True)


def _read(written: Sequence[str]) -> dict[str, str]:
    from engine.settings.engine_file import STORES, STREAMS

    found: dict[str, str] = {}
    for each in written:
        what, equals, url = each.partition("=")
        schemes = {"stream": STREAMS, "store": STORES}.get(what)
        if not equals or schemes is None or what in found or url.partition("://")[0] not in schemes:
            raise click.UsageError(
                "write --to stream=kafka://host:9092 store=postgresql://user@host/name, or one of them"
            )
        if what == "stream":
            _check(url)
        found[what] = url
    return found


def _check(stream: str) -> None:
    from engine.errors import StreamError
    from engine.transport.address import read_url

    try:
        read_url(stream)
    except StreamError as error:
        raise click.UsageError(f"stream: {error.message}") from None


def _copy(source_url: str, target_url: str) -> None:
    from engine.store import moving
    from engine.store.database import Database, shown

    if source_url == target_url:
        raise click.UsageError("the target is the store that is in use")
    source = Database(source_url)
    try:
        target = Database(target_url)
        try:
            rows = moving.copy(source, target)
        finally:
            target.close()
    finally:
        source.close()
    click.echo(
        f"copied {sum(rows.values())} rows of {len(rows)} tables to {shown(target_url)}; counts and ledger agree"
    )
