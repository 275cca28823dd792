"""The configuration folder while the engine runs: looked at cheaply, read whole, and turned into what is in force."""

from collections.abc import Callable, Hashable
from pathlib import Path

from engine.agents.configuration import Configuration, Reading
from engine.channels.tariff import Tariff
from engine.document import Problem
from engine.rules.ruleset import Ruleset
from engine.settings.folder import load
from engine.settings.model import Settings

#: What a process is built from at its start; the rest may change under it.
_FIXED = ("data", "stream", "store", "web", "media", "proxy", "providers", "bounces")


def configure(settings: Settings) -> Configuration:
    """The part of the settings that may change while the engine runs."""
    return Configuration(
        accounts={each.account.id: each.account for each in settings.accounts},
        ruleset=settings.ruleset,
        tariff=Tariff.of(settings.tariff),
        mailboxes=[(each.account.id, mailbox) for each in settings.accounts for mailbox in each.mailboxes],
        feeds=[(each.account.id, feed) for each in settings.accounts for feed in each.calendars],
        inbound=settings.inbound,
        region=settings.region,
        admin=settings.admin,
        version=settings.version,
    )


class SettingsFiles:
    """The folder that `settings` came from. `taken` is called with each reading without mistakes."""

    def __init__(self, settings: Settings, taken: Callable[[Settings], None]) -> None:
        self._first = settings
        self._taken = taken
        self._kept = settings.kept

    def look(self) -> Hashable:
        """Name, size and time of every YAML file; a file that cannot be seen at this moment counts as gone."""
        return tuple(sorted(_look_in(self._first.folder)))

    def read(self, in_force: Ruleset) -> Reading:
        """The folder anew; a rule that is in force as it stands here is that very object."""
        self._kept.in_force = in_force
        settings, problems = load(self._first.folder, self._kept)
        if settings is None:
            errors = [problem for problem in problems if problem.severity == "error"]
            return Reading(None, tuple(_line(problem) for problem in errors))
        self._taken(settings)
        waits = tuple(name for name in _FIXED if getattr(settings, name) != getattr(self._first, name))
        return Reading(configure(settings), waits=waits)


def _look_in(folder: Path) -> list[tuple[str, int, int, int]]:
    found = []
    for path in folder.rglob("*.yaml"):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return found


def _line(problem: Problem) -> str:
    return "; ".join(part for part in (f"{problem.place}: {problem.message}", problem.label or problem.hint) if part)
