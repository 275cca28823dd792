"""`tocsin init`: a first configuration, with comments, and nothing that was there is touched."""

import os
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from engine.errors import ConfigurationError

_ACCOUNT = "accounts/me.yaml"
_PASSWORD = "secrets/me.password"  # noqa: S105  (the name of a file)
# a dot, an at or a slash inside: no word that YAML gives a meaning (null, true)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*[@./][A-Za-z0-9.@_/-]*")


@click.command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--host", help="Your mail server (IMAP over TLS): imap.example.org")
@click.option("--user", help="Your name there, often the address: anna@example.org")
@click.option("--number", help="Your mobile number, with its country code: +32 470 00 00 01")
@click.option("--zone", help="Your time zone. Default: that of this machine.")
@click.pass_obj
def command(
    config: Path, folder: Path | None, host: str | None, user: str | None, number: str | None, zone: str | None
) -> None:
    """Write a first configuration to DIR (default: that of --config). What is there already is kept."""
    folder = folder or config
    for name, given in (("--host", host), ("--user", user), ("--number", number)):
        if given is not None and not given.strip():
            raise click.BadParameter("it is empty", param_hint=name)
    if not (folder / _ACCOUNT).exists():
        host = host or _ask("Mail server (IMAP)", "imap.example.org")
        user = user or _ask("User name there", "me@example.org")
        number = _read_number(number or _ask("Your mobile number", "+32 470 00 00 01"))
    elif host or user or number or zone:
        click.echo(f"kept {folder / _ACCOUNT}: change the mailbox and the number there", err=True)
    account = {"host": host, "user": user, "number": number, "zone": zone or _zone_here()}
    try:
        _write_all(folder, account)
    except OSError as error:
        place = str(error.filename or folder)
        raise ConfigurationError(
            f"cannot be written: {error.strerror}",
            place=place,
            remedy="choose a folder that is yours: tocsin init DIR",
        ) from None
    _say_next(folder)


def _write_all(folder: Path, account: dict[str, str | None]) -> None:
    for name, content in starter():
        _write(folder / name, fill_in(content, **account) if name == _ACCOUNT else content)
    _write(folder / _PASSWORD, "", secret=True)
    _write_schemas(folder)


def starter() -> Iterator[tuple[str, str]]:
    """(name, content) of every file of the starter configuration, in the order of their names."""
    yield from _walk(files("engine.cli").joinpath("starter"), "")


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            yield from _walk(each, f"{prefix}{each.name}/")
        elif each.name == ".gitignore" or not each.name.startswith("."):
            yield f"{prefix}{each.name}", each.read_text(encoding="utf-8")


def fill_in(content: str, **values: str | None) -> str:
    """The starter account with these settings in place of the samples; None keeps the sample."""
    for setting, value in values.items():
        if value is None:
            continue
        key, written = (setting, _quote(value)) if setting != "number" else ("numbers", f"[{_quote(value)}]")
        line = re.compile(rf"^( *(?:- )?{key}: ).*$", re.MULTILINE)
        content = line.sub(lambda match, written=written: match[1] + written, content, count=1)  # type: ignore[misc]
    return content


def _quote(value: str) -> str:
    """A value as YAML reads it back."""
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ask(question: str, sample: str) -> str | None:
    if not sys.stdin.isatty():
        return None
    answer: str = click.prompt(f"{question}, like {sample}", default="", show_default=False)
    return answer.strip() or None


def _read_number(written: str | None) -> str | None:
    if written is None:
        return None
    from engine import phone

    try:
        number = phone.parse(written)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--number") from None
    if refusal := phone.refusal(number):
        raise click.BadParameter(refusal, param_hint="--number")
    return number


def _zone_here() -> str | None:
    """The zone this machine is in, when it says so in one of the usual ways."""
    from zoneinfo import ZoneInfo

    for name in (os.environ.get("TZ", ""), _linked_zone()):
        try:
            return ZoneInfo(name).key if name else None
        except (ValueError, OSError, LookupError):
            continue
    return None


def _linked_zone() -> str:
    target = str(Path("/etc/localtime").resolve())
    return target.rpartition("/zoneinfo/")[2] if "/zoneinfo/" in target else ""


def _write(path: Path, content: str, secret: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if path.parent.name == "secrets" else 0o777)
    try:
        # made with its mode, so that there is no moment in which others could read it
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o666)
    except FileExistsError:
        click.echo(f"kept  {path}")
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    click.echo(f"wrote {path}")


def _write_schemas(folder: Path) -> None:
    from engine.cli.schema import write

    for path in write(folder):
        click.echo(f"wrote {path}")


def _say_next(folder: Path) -> None:
    option = "" if str(folder) == "config" else f" -c {folder}"
    click.echo(
        f"""
Next:
  $EDITOR {folder / _PASSWORD}    # your mailbox's password, and nothing else
  tocsin{option} check
  tocsin{option} doctor
  tocsin phone     # in a second terminal: a phone to try it on, with nothing to buy
  tocsin{option} run
Your rules: {folder / "rules/me/first.yaml"}."""
    )
