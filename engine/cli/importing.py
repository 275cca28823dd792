"""`tocsin import`: the filters of Gmail, Thunderbird or a Sieve script as rules."""

from pathlib import Path

import click

from engine.cli.number import number

KINDS = ("gmail", "thunderbird", "sieve")


@click.command("import")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--to",
    "to",
    multiple=True,
    default=("me",),
    show_default=True,
    help="Who is told: me, a contact's id, group:name.",
)
@click.option("--all", "everything", is_flag=True, help="Make rules also of filters that only sort mail.")
@click.option(
    "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write the rules there."
)
def command(kind: str, file: Path, to: tuple[str, ...], everything: bool, output: Path | None) -> None:
    """Write the rules that a file of filters means: Gmail's mailFilters.xml, Thunderbird's msgFilterRules.dat, Sieve.

    What tells somebody (notify, forward, star, important) becomes a rule that tells; what throws mail away or ends
    the filters becomes a rule that stops. What no rule can say is listed on stderr with its line and the reason.
    """
    from importlib import import_module

    from engine.importers.assemble import Converted, Wish
    from engine.importers.content import MOST_BYTES, read_content

    with file.open("rb") as opened:
        raw = opened.read(MOST_BYTES + 1)
    wish = Wish(file.name, _receivers(to), everything)
    converted: Converted = import_module(f"engine.importers.{kind}").convert(read_content(raw, wish.file), wish)
    if output is None:
        click.echo(converted.text, nl=False)
    else:
        _write(output, converted.text)
    for left in converted.left:
        click.echo(f"{file}:{left.line}: {left.name}: {left.reason}", err=True)
    where = f" in {output}" if output else ""
    whole = sum(not left.part for left in converted.left)
    click.echo(f"{number(converted.rules, 'rule')}{where}, {number(whole, 'filter')} not converted", err=True)


def _receivers(to: tuple[str, ...]) -> tuple[str, ...]:
    from pydantic import TypeAdapter, ValidationError

    from engine.rules.actions import Recipients

    try:
        return TypeAdapter(Recipients).validate_python([*to])
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise click.BadParameter(said, param_hint="--to") from None


def _write(path: Path, text: str) -> None:
    from engine.errors import ConfigurationError

    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ConfigurationError(
            "this file is there already", place=str(path), remedy="give --output a new name"
        ) from None
    except OSError as error:
        raise ConfigurationError(error.strerror or "cannot be written", place=str(path)) from None
