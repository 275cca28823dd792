"""`tocsin check`: every mistake of every file, with its place and its correction."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from engine.cli.number import number
from engine.document import Problem

#: By other names, as other tools call them.
_ALIASES = {"human": "text"}


@click.command("check")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "human", "gnu", "github", "json"]),
    default="text",
    show_default=True,
    help="For a person (text, human), an editor, GitHub's workflows or a program.",
)
@click.option("--strict", is_flag=True, help="Count warnings as mistakes.")
@click.pass_obj
def command(config: Path, paths: tuple[Path, ...], form: str, strict: bool) -> int:
    """Check a configuration folder (default: that of --config), or files and folders of any kind of our files.

    Exit 1 when the engine would refuse one of them.
    """
    from engine.cli.checking import check, check_configuration
    from engine.document import in_order, report

    form = _ALIASES.get(form, form)
    checked = [check(path) for path in paths] or [check_configuration(config)]
    problems = in_order(problem for each in checked for problem in each.problems)
    shown = report.FORMATS[form](problems) if form != "text" else report.text(problems, colour=_colour())
    if shown:
        click.echo(shown, color=True)
    errors, warnings = _count(problems, "error"), _count(problems, "warning")
    if form == "text":
        if problems:
            click.echo()
        for each in checked:
            for line in each.said:
                click.echo(line)
        if errors:
            click.echo(f"{number(errors, 'mistake')}, {number(warnings, 'warning')}", err=True)
    return 1 if errors or (strict and warnings) else 0


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _count(problems: Sequence[Problem], severity: str) -> int:
    return sum(problem.severity == severity for problem in problems)
