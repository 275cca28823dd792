"""`tocsin dead`: the records that could not be handled, looked at and put back on the stream."""

import json
import os
import time
from pathlib import Path
from typing import Any

import click

#: How long a running engine is waited for, in seconds.
PATIENCE = 15.0


@click.group("dead")
def command() -> None:
    """Look at the records that could not be handled, and replay them."""


@command.command("list", short_help="A line for each dead letter.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_letters(config: Path, as_json: bool) -> None:
    """A line for each dead letter, the oldest first: its ID, its reason, its age, what went wrong."""
    from engine.cli.masking import mask_numbers
    from engine.cli.opened import opened
    from engine.store import commands, dead_letters
    from engine.store.commands import CommandKind
    from engine.wiring import clock

    with opened(config) as (store, _):
        letters = store.read(dead_letters.all_letters)
        asked = set(store.read(lambda connection: commands.waiting(connection, CommandKind.REPLAY)))
    if as_json:
        click.echo(json.dumps([_record(each, each.place in asked) for each in letters]))
        return
    now = clock()
    for each in letters:
        waits = "  (to be replayed)" if each.place in asked else ""
        error = mask_numbers(each.error.partition("\n")[0])[:100]
        click.echo(f"{each.place}  {each.reason}  {_age((now - each.at).total_seconds())}  {error}{waits}")
    click.echo(f"{len(letters)} dead letter{'' if len(letters) == 1 else 's'}", err=True)


@command.command("show", short_help="Show one dead letter.")
@click.argument("place", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def show(config: Path, place: str, as_json: bool) -> None:
    """Show one dead letter: what went wrong, and its bytes decoded as far as they can be, numbers masked."""
    from engine.cli.opened import opened
    from engine.store import dead_letters

    _read_place(place)
    with opened(config) as (store, _):
        letter = store.read(lambda connection: dead_letters.find(connection, place))
    if letter is None:
        raise _no_such(place)
    record = {**_record(letter, None), "key": letter.key.decode(errors="backslashreplace"), **_decoded(letter)}
    if as_json:
        click.echo(json.dumps(record))
        return
    click.echo(f"{letter.place}: {letter.reason.sentence}")
    click.echo(f"buried {letter.at:%Y-%m-%d %H:%M:%S} UTC: {record['error']}")
    click.echo(f"key {record['key']!r}, {len(letter.value)} bytes{'' if record['readable'] else ', not readable'}:")
    content = record["value"]
    click.echo(content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False))


@command.command("replay", short_help="Put one, or all, back on the stream.")
@click.argument("place", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every dead letter.")
@click.option("--dry-run", is_flag=True, help="Say what would be replayed.")
@click.pass_obj
def replay(config: Path, place: str | None, everything: bool, dry_run: bool) -> int:
    """Put a dead letter, or all of them, back on the stream as they stood.

    The running engine does it; without one it is done at the next start. What was told before is not told twice.
    """
    from engine.cli.opened import opened
    from engine.cli.running import runs
    from engine.store import commands, dead_letters
    from engine.store.commands import CommandKind
    from engine.wiring import clock

    if (place is None) == (not everything):
        raise click.UsageError("give the ID of one dead letter, or --all")
    if place is not None:
        _read_place(place)
    with opened(config) as (store, wanted):
        known = [each.place for each in store.read(dead_letters.all_letters)]
        if place is not None and place not in known:
            raise _no_such(place)
        places = known if place is None else [place]
        if dry_run or not places:
            for each in places:
                click.echo(f"would replay {each}")
            click.echo(f"{len(places)} to replay", err=True)
            return 0
        actor = f"{os.environ.get('SUDO_USER') or os.environ.get('USER') or 'unknown'} (tocsin dead replay)"
        store.write(lambda connection: commands.ask(connection, CommandKind.REPLAY, places, clock(), actor))
        if runs(wanted.stream) is False:
            click.echo(f"{len(places)} to replay: no `tocsin run` is up, so it is done at the next start")
            return 0
        until = time.monotonic() + PATIENCE
        while left := set(store.read(lambda connection: commands.waiting(connection, CommandKind.REPLAY))) & {
            *places
        }:
            if time.monotonic() > until:
                click.echo(f"{len(left)} still to replay: no engine has seen to it in {PATIENCE:.0f} s; it is kept")
                return 0
            time.sleep(0.2)
        stayed = {each.place for each in store.read(dead_letters.all_letters)} & {*places}
    click.echo(
        f"replayed {len(places) - len(stayed)}" + (f"; {len(stayed)} cannot be, see the log" if stayed else "")
    )
    return 1 if stayed else 0


def _read_place(place: str) -> None:
    from engine.dead_letter import read_place

    try:
        read_place(place)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="ID") from None


def _no_such(place: str) -> Exception:
    from engine.errors import TocsinError

    return TocsinError(f"no dead letter {place}", remedy="`tocsin dead list` shows those there are")


def _record(letter: Any, asked: bool | None) -> dict[str, Any]:
    from engine.cli.masking import mask_numbers

    record = {
        "id": letter.place,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason.value,
        "error": mask_numbers(letter.error),
        "at": letter.at.isoformat(),
        "bytes": len(letter.value),
    }
    return record if asked is None else {**record, "to_be_replayed": asked}


def _decoded(letter: Any) -> dict[str, Any]:
    """The value as the noun that it is, as JSON, or as text; numbers masked."""
    from engine import topics
    from engine.cli.masking import mask_numbers

    topic = topics.again(letter.topic)
    try:
        noun = topic.decode(letter.value) if topic else None
    except Exception:
        noun = None
    if noun is not None:
        return {"readable": True, "value": _masked(noun.model_dump(mode="json"))}
    return {"readable": False, "value": mask_numbers(letter.value.decode(errors="backslashreplace"))}


def _masked(value: Any) -> Any:
    from engine.cli.masking import mask_numbers

    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return mask_numbers(value) if isinstance(value, str) else value


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
