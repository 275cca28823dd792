"""The account files, held against one another and against the numbering plans."""

from pathlib import Path

from engine.document import Document, Problem, validate
from engine.document import Path as Place
from engine.rules.calendars import unknown_calendar
from engine.settings.account_file import AccountFile
from engine.settings.files import place_files
from engine.settings.model import AccountSettings
from engine.settings.person import read_numbers
from engine.sources.calendar.feed import Feed
from engine.sources.imap.mailbox import Mailbox


class Accounts:
    """The accounts read so far."""

    def __init__(self, region: str | None, folder: Path) -> None:
        self.found: list[AccountSettings] = []
        self.problems: list[Problem] = []
        self.ids: list[str] = []
        """Also of files with mistakes in them, so that their rules are not called homeless."""
        self._region = region
        self._folder = folder
        self._first: dict[str, Document] = {}

    def add(self, document: Document) -> None:
        """One more file."""
        file, problems = validate(document, AccountFile)
        self.problems += problems
        self._note_id(document)
        if file is None:
            return
        numbers, problems = read_numbers(file.numbers, document, ("numbers",), self._region)
        self.problems += problems
        mailboxes = self._mailboxes(file, document)
        calendars = self._calendars(file, document)
        self._check_agenda(file, document)
        self._check_replies(file, document)
        if (file.mailboxes or file.calendars) and not file.numbers:
            message = f"the account '{file.id}' has no number: nobody can be told"
            label = "add 'numbers: [\"+32 ...\"]'"
            self.problems.append(
                document.problem(("id",), message, severity="warning", code="no-number", label=label)
            )
        self.found.append(AccountSettings(file.account(numbers), mailboxes, calendars))

    def _note_id(self, document: Document) -> None:
        id = document.data.get("id") if isinstance(document.data, dict) else None
        # of a file that cannot be parsed, its name is the best guess
        name = id if isinstance(id, str) else Path(document.file).stem
        self.ids.append(name)
        if not isinstance(id, str):
            return
        first = self._first.setdefault(id, document)
        if first is not document:
            message = f"a second account with the id '{id}'"
            related = (first.related(("id",), "the first one"),)
            self.problems.append(document.problem(("id",), message, code="duplicate-account", related=related))

    def _mailboxes(self, file: AccountFile, document: Document) -> tuple[Mailbox, ...]:
        mailboxes: list[Mailbox] = []
        watched: dict[tuple[str, str, str], Place] = {}
        for index, written in enumerate(file.mailboxes):
            at: Place = ("mailboxes", index)
            mailbox, problems = place_files(written, document, at, self._folder)
            self.problems += problems
            mailboxes.append(mailbox)
            for folder in mailbox.folders:
                key = (mailbox.host.lower(), mailbox.user, folder)
                if key in watched:
                    message = f"the folder {folder} of this mailbox is watched twice"
                    related = (document.related(watched[key], "the first time"),)
                    self.problems.append(document.problem(at, message, code="duplicate-mailbox", related=related))
                watched[key] = at
        return tuple(mailboxes)

    def _calendars(self, file: AccountFile, document: Document) -> tuple[Feed, ...]:
        calendars: list[Feed] = []
        for index, written in enumerate(file.calendars):
            at: Place = ("calendars", index)
            calendar, problems = place_files(written, document, at, self._folder)
            self.problems += problems
            calendars.append(calendar)
            if calendar.file is not None and not calendar.file.is_file():
                message, hint = f"there is no file {calendar.file}", "it is read as soon as it is there"
                self.problems.append(
                    document.problem((*at, "file"), message, severity="warning", code="no-feed", hint=hint)
                )
        self._check_names([each.name for each in calendars], document, "calendars", "calendar")
        return tuple(calendars)

    def _check_replies(self, file: AccountFile, document: Document) -> None:
        missing = {"email": not file.email, "sms": not file.numbers}.get(file.replies or "", False)
        if missing:
            message = f"replies by {file.replies} reach nobody: the account has no such address"
            self.problems.append(document.problem(("replies",), message, code="no-address", severity="warning"))

    def _check_agenda(self, file: AccountFile, document: Document) -> None:
        self._check_names([each.name for each in file.agenda], document, "agenda", "agenda")
        known = [each.name for each in file.calendars]
        for index, agenda in enumerate(file.agenda):
            if not known:
                message, hint = "an agenda of an account without calendars", "name one under 'calendars:'"
                self.problems.append(document.problem(("agenda", index), message, code="no-calendar", hint=hint))
            at: Place = ("agenda", index, "calendars")
            self.problems += [
                unknown_calendar(name, document, at, known)
                for name in agenda.calendars
                if known and name not in known
            ]

    def _check_names(self, names: list[str], document: Document, block: str, what: str) -> None:
        """What is known by a name has one of its own."""
        for index, name in enumerate(names):
            first = names.index(name)
            if first < index:
                related = (document.related((block, first, "name"), "the first one"),)
                self.problems.append(
                    document.problem(
                        (block, index, "name"),
                        f"a second {what} named '{name}'",
                        code=f"duplicate-{what}",
                        related=related,
                    )
                )
