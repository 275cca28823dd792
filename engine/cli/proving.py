"""The tests of rule files: found, run against the rules in force, and held against what they expect."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.account import Account
from engine.cli.rehearsing import company_of, require
from engine.document import Document, validate
from engine.document import Path as Place
from engine.errors import ConfigurationError
from engine.rehearsal.compare import compare, compare_reminders
from engine.rehearsal.rehearse import Company, rehearse
from engine.rules.incident import SCOPE
from engine.rules.remind import plan
from engine.rules.ruleset import GLOBAL
from engine.rules.schema import RuleFile
from engine.rules.testing import RuleTest
from engine.rules.zone import find_zone
from engine.settings import Settings
from engine.settings.files import Folder
from engine.settings.loose import home_of
from engine.settings.plain import real


@dataclass(frozen=True)
class Proof:
    """One test that was run: where it stands, and each expectation that was not met, with its place."""

    place: str
    name: str
    misses: tuple[tuple[str, str], ...] = ()

    def record(self) -> dict[str, Any]:
        """For programs."""
        misses = [{"place": place, "message": message} for place, message in self.misses]
        return {"place": self.place, "name": self.name, "ok": not self.misses, "misses": misses}


def prove(config: Path, path: Path | None) -> Iterator[Proof]:
    """Run the tests in `path`, or all. Raises ConfigurationError when the rules cannot be used."""
    home = config if path is None else path if (path / "engine.yaml").is_file() else home_of(path)
    if path is not None and home is None:
        raise ConfigurationError(
            "this is in no configuration folder",
            place=str(path),
            remedy="tests need the accounts and the tariff beside the rules: name a file under config/rules",
        )
    assert home is not None
    wanted = require(home)
    company = company_of(wanted)
    whole = path is None or home is path
    for scope, document in _documents(home):
        file = real(document.file)
        if whole or (path is not None and real(path) in (file, *file.parents)):
            yield from _prove_file(scope, document, wanted, company)


def _documents(home: Path) -> Iterator[tuple[str, Document]]:
    folder = Folder(home)
    for scope in sorted(folder.folders("rules"), key=lambda name: (name != GLOBAL, name)):
        for document in folder.documents("rules", scope):
            yield scope, document


def _prove_file(scope: str, document: Document, wanted: Settings, company: Company) -> Iterator[Proof]:
    file, _ = validate(document, RuleFile)
    for index, test in enumerate(file.tests if file else ()):
        path: Place = ("tests", index)
        owners = _owners(scope, test, wanted)
        if not owners:
            yield Proof(document.place(path), _name(test), ((document.place(path), _WHOSE),))
            continue
        misses = _misses(test, owners[0], company)
        places = tuple((_place(document, path, key), message) for key, message in misses)
        yield Proof(document.place(path), _name(test), places)


_WHOSE = "whose mail is it? write 'account:'; a test in a global file needs one where there are several accounts"


def _owners(scope: str, test: RuleTest, wanted: Settings) -> list[Account]:
    """The one account whose event it is, or none when nobody says."""
    name = test.account or (scope if scope != GLOBAL else "")
    accounts = [each.account for each in wanted.accounts]
    if not name:
        return accounts if len(accounts) == 1 else []
    return [account for account in accounts if account.id == name]


def _misses(test: RuleTest, account: Account, company: Company) -> list[tuple[str, str]]:
    zone = find_zone(account.zone)
    event = test.event(account, zone)
    outcome = rehearse(event, company, event.happened_at)
    # A test is of rules: that a text is handed on to its owner besides is none of theirs.
    theirs = tuple(each for each in outcome.prospects if each.notification.scope != SCOPE)
    outcome = outcome._replace(prospects=theirs)
    misses = compare(test.expect, outcome, company.tariff.currency)
    if test.appointment is not None:
        planned = plan(test.appointment.occasion(zone), account, company.ruleset)
        misses += compare_reminders(test.expect, [wanted.at for wanted in planned.values()], zone)
    # what a rule did is a sentence by itself; a number needs the name of what was counted
    return [
        (miss.key, miss.message if miss.key in ("", "rule", "not_rule") else f"{miss.key}: {miss.message}")
        for miss in misses
    ]


def _place(document: Document, path: Place, key: str) -> str:
    where: Place = (*path, "expect", *((key,) if key else ()))
    return document.place(where if where in document.values else (*path, "expect"))


def _name(test: RuleTest) -> str:
    if test.name:
        return test.name
    if test.mail is not None:
        return f'mail "{test.mail.subject}" from {test.mail.sender}'
    return f'appointment "{test.appointment.title}"' if test.appointment else ""
