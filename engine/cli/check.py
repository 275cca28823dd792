"""`tocsin check`: every mistake of every file, with its place and its correction."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from engine.document import Problem


@click.command("check")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "gnu", "github", "json"]),
    default="text",
    show_default=True,
    help="For a person, an editor, GitHub's workflows or a program.",
)
@click.option("--strict", is_flag=True, help="Count warnings as mistakes.")
@click.pass_obj
def command(config: Path, folder: Path | None, form: str, strict: bool) -> int:
    """Check the configuration in DIR (default: that of --config). Exit 1 when the engine would refuse it."""
    from engine.document import report
    from engine.settings import load

    settings, problems = load(folder or config)
    shown = report.FORMATS[form](problems) if form != "text" else report.text(problems, colour=_colour())
    if shown:
        click.echo(shown, color=True)
    errors = _count(problems, "error")
    warnings = _count(problems, "warning")
    if form == "text":
        if problems:
            click.echo()
        if settings is None:
            click.echo(f"{_number(errors, 'mistake')}, {_number(warnings, 'warning')}", err=True)
        else:
            rules = sum(len(scope) for scope in settings.ruleset.scopes.values())
            mailboxes = sum(len(each.mailboxes) for each in settings.accounts)
            counted = (
                _number(len(settings.accounts), "account"),
                f"{mailboxes} mailbox{'' if mailboxes == 1 else 'es'}",
                _number(rules, "rule"),
                _number(warnings, "warning"),
            )
            click.echo(f"ok: {', '.join(counted)} (version {settings.version})")
    return 1 if settings is None or (strict and warnings) else 0


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _count(problems: Sequence[Problem], severity: str) -> int:
    return sum(problem.severity == severity for problem in problems)


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
