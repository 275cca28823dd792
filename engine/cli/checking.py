"""What `tocsin check` looks at: a configuration folder, a part of one, or files that belong to none."""

from dataclasses import dataclass
from pathlib import Path

from engine import settings
from engine.cli.number import number
from engine.document import Problem, has_errors
from engine.settings import Settings
from engine.settings.advice import advise, worst_days
from engine.settings.loose import check_loose, home_of
from engine.settings.plain import real


@dataclass(frozen=True)
class Checked:
    """All problems of a path, and what a person is told when there is no mistake."""

    problems: list[Problem]
    said: tuple[str, ...] = ()


def check(path: Path) -> Checked:
    """Everything that is wrong with a path. A part of a configuration folder is checked with all of it in sight."""
    home = home_of(path)
    if home is None and path.exists() and not (path / "accounts").is_dir():
        return _check_loose(path)
    if home is None or home == real(path):
        return check_configuration(path)
    here = Path.cwd()
    home = home.relative_to(here) if home.is_relative_to(here) else home
    whole = check_configuration(home)
    mine = [each for each in whole.problems if _is_in(real(path), real(each.file))]
    return Checked(mine, () if has_errors(mine) else (f"ok: {path}, with what it needs in {home}",))


def _is_in(path: Path, file: Path) -> bool:
    return path in (file, *file.parents)


def check_configuration(folder: Path) -> Checked:
    """Everything that is wrong with a configuration folder, which must be one."""
    wanted, problems = settings.load(folder)
    if wanted is None:
        return Checked(problems)
    problems += advise(wanted)
    return Checked(problems, _sum_up(wanted, problems))


def _check_loose(path: Path) -> Checked:
    count, problems = check_loose(path)
    if not count:
        problems.append(Problem("there is no YAML file in this folder", str(path), code="file"))
    files = "1 file" if count == 1 else f"{count} files"
    return Checked(problems, () if has_errors(problems) else (f"ok: {files} of no configuration folder",))


def _sum_up(wanted: Settings, problems: list[Problem]) -> tuple[str, ...]:
    rules = sum(len(scope) for scope in wanted.ruleset.scopes.values())
    mailboxes = sum(len(each.mailboxes) for each in wanted.accounts)
    warnings = sum(problem.severity == "warning" for problem in problems)
    counted = (
        number(len(wanted.accounts), "account"),
        number(mailboxes, "mailbox", "mailboxes"),
        number(rules, "rule"),
        number(warnings, "warning"),
    )
    days = ", ".join(f"{name} {day}" for name, day in worst_days(wanted).items())
    worst = (f"at most, a day: {days}",) if days else ()
    return f"ok: {', '.join(counted)} (version {wanted.version})", *worst
