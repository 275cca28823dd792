"""Reads the configuration folder whole: the settings, or every mistake in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import phone
from engine.channels.tariff import Tariff, TariffFile
from engine.document import Document, Problem, has_errors, in_order, suggest, validate
from engine.document.report import text
from engine.errors import ConfigurationError
from engine.heard import Route
from engine.noun import Written
from engine.rules.book import Books
from engine.rules.kept import Kept
from engine.rules.load import RuleFolder
from engine.rules.load import load as load_rules
from engine.rules.ready import Owner
from engine.rules.ruleset import GLOBAL, Ruleset
from engine.settings.accounts import Accounts
from engine.settings.books import BookFiles
from engine.settings.bounces import place_bounces
from engine.settings.engine_file import EngineFile, engine_file
from engine.settings.files import Folder, place_files
from engine.settings.inbound import Routes
from engine.settings.model import AccountSettings, Settings
from engine.settings.plain import real
from engine.settings.servers import place_servers, store_url, stream_url
from engine.sources.imap.mailbox import Mailbox


def load(folder: Path, kept: Kept | None = None) -> tuple[Settings | None, list[Problem]]:
    """The settings, or None when a problem is an error; and all problems of all files, in order.

    `kept` is what earlier readings made of the files of rules; this one adds to it.
    """
    if not folder.is_dir():
        hint = "'tocsin init' writes a first configuration; '-c DIR' or TOCSIN_CONFIG names another folder"
        return None, [Problem("there is no such folder", str(folder), code="file", hint=hint)]
    kept = kept or Kept()
    reading = _Reading(Folder(folder), kept)
    reading.folder.look_round()
    engine, providers = reading.engine()
    tariff = reading.tariff()
    accounts = Accounts(engine.region if engine else None, folder)
    for document in reading.folder.documents("accounts"):
        accounts.add(document)
    books = reading.books(engine.region if engine else None, accounts)
    ruleset = reading.rules(accounts, books)
    reading.check_routes(tariff, accounts, books)
    reading.check_admin(engine, accounts)
    reading.check_links(engine, ruleset)
    inbound = reading.inbound(engine, accounts)
    bounces = reading.bounces(engine, providers)
    problems = in_order([*reading.problems, *reading.folder.problems, *accounts.problems])
    if engine is None or tariff is None or has_errors(problems):
        return None, problems
    data = real(folder / engine.data)
    settings = Settings(
        folder=folder.resolve(),
        data=data,
        stream=stream_url(engine, folder, data),
        store=store_url(engine, folder, data),
        web=engine.web,
        media=engine.media,
        proxy=engine.proxy,
        providers=providers,
        tariff=tariff,
        accounts=tuple(accounts.found),
        ruleset=ruleset,
        admin=engine.admin,
        region=engine.region,
        version=ruleset.version,
        inbound=inbound,
        bounces=bounces,
        kept=kept,
    )
    return settings, problems


def require(folder: Path) -> Settings:
    """The settings. Raises ConfigurationError with the whole report when there is an error."""
    settings, problems = load(folder)
    if settings is not None:
        return settings
    errors = [problem for problem in problems if problem.severity == "error"]
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    raise ConfigurationError(f"{text(errors)}\n\n{count} in {folder}: nothing was started or changed")


@dataclass
class _Reading:
    """One reading of the folder."""

    folder: Folder
    kept: Kept

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []
        self._provider_names: list[str] | None = None
        self._tariff_document: Document | None = None
        self._engine_document: Document | None = None

    def engine(self) -> tuple[EngineFile | None, dict[str, Written]]:
        document = self._engine_document = self.folder.document("engine.yaml")
        if document is None:
            return None, {}
        file, problems = validate(document, engine_file())
        self.problems += problems
        # A misspelt `providers:` is one mistake; that each line of the tariff misses its provider is no news.
        self._provider_names = _names_in(document.data) or (None if problems else [])
        providers: dict[str, Written] = {}
        for name, settings in (file.providers if file else {}).items():
            at = ("providers", name)
            providers[name], wrong = place_files(settings, document, at, self.folder.path)
            self.problems += wrong
        if file is not None:
            for block in ("web", "proxy"):
                if getattr(file, block) is not None:
                    placed, wrong = place_files(getattr(file, block), document, (block,), self.folder.path)
                    file = file.model_copy(update={block: placed})
                    self.problems += wrong
        return self._placed(file, document), providers

    def bounces(self, file: EngineFile | None, providers: Mapping[str, Written]) -> Mapping[str, Mailbox]:
        if file is None or self._engine_document is None:
            return {}
        found, problems = place_bounces(file.bounces, self._engine_document, providers, self.folder.path)
        self.problems += problems
        return found

    def _placed(self, file: EngineFile | None, document: Document) -> EngineFile | None:
        """With the places of the servers' passwords and certificates; one that cannot be used is a problem."""
        if file is None:
            return None
        placed, wrong = place_servers(file, document, self.folder.path)
        self.problems += wrong
        return None if wrong else placed

    def tariff(self) -> TariffFile | None:
        document = self._tariff_document = self.folder.document("tariff.yaml")
        if document is None:
            return None
        file, problems = validate(document, TariffFile)
        self.problems += problems
        names = self._provider_names
        for at, name in _carriers(file) if file and names is not None else ():
            if names is not None and name not in names:
                message = f"engine.yaml has no provider '{name}'"
                hint = f"providers there: {', '.join(names) or 'none'}"
                label = suggest(name, names)
                self.problems.append(document.problem(at, message, code="unknown-provider", label=label, hint=hint))
        return file

    def books(self, region: str | None, accounts: Accounts) -> Books:
        files = BookFiles(region)
        for document in self.folder.documents("contacts"):
            files.add_contacts(document, accounts.ids)
        for document in self.folder.documents("lists"):
            files.add_lists(document)
        for document in self.folder.documents("windows"):
            files.add_windows(document)
        for document in self.folder.documents("templates"):
            files.add_templates(document)
        books = files.books()
        self.problems += files.problems
        return books

    def rules(self, accounts: Accounts, books: Books) -> Ruleset:
        folders = [
            RuleFolder(name, self.folder.show("rules", name), self.folder.pages("rules", name))
            for name in sorted(self.folder.folders("rules"), key=lambda name: (name != GLOBAL, name))
        ]
        owners = {
            each.account.id: Owner(each.account, _addresses(each), frozenset(feed.name for feed in each.calendars))
            for each in accounts.found
        }
        version = self.folder.version()
        ruleset, problems = load_rules(folders, accounts.ids, version, books=books, owners=owners, kept=self.kept)
        self.problems += problems
        return ruleset

    def check_admin(self, file: EngineFile | None, accounts: Accounts) -> None:
        """Who is to be told must be somebody."""
        if file is None or self._engine_document is None or not file.admin or file.admin in accounts.ids:
            return
        message = f"there is no account '{file.admin}'"
        hint = f"accounts there: {', '.join(sorted(accounts.ids)) or 'none'}"
        label = suggest(file.admin, accounts.ids)
        self.problems.append(
            self._engine_document.problem(("admin",), message, code="unknown-account", label=label, hint=hint)
        )

    def inbound(self, file: EngineFile | None, accounts: Accounts) -> tuple[Route, ...]:
        """Whose the texts are that phones send us."""
        routes = Routes()
        if file is not None and self._engine_document is not None:
            routes.read(file.inbound, self._engine_document, accounts.ids, file.region)
        self.problems += routes.problems
        return tuple(routes.found)

    def check_links(self, file: EngineFile | None, ruleset: Ruleset) -> None:
        """Several machines must believe each other's links to files."""
        if file is None or self._engine_document is None or file.web.media_key_file is not None:
            return
        if (file.store or "sqlite").startswith("sqlite") or not ruleset.attaches:
            return
        message = "a rule has 'attach:', and links to files need a key that all machines know"
        hint = "web: {media_key_file: secrets/media.key}, written by: openssl rand -hex 32"
        self.problems.append(
            self._engine_document.problem(("store",), message, code="media-key", key=True, hint=hint)
        )

    def check_routes(self, file: TariffFile | None, accounts: Accounts, books: Books) -> None:
        """A number that no line of the tariff covers would be refused each time: say it now."""
        if file is None or self._tariff_document is None:
            return
        tariff = Tariff.of(file)
        told = {
            number: f"the account '{each.account.id}'" for each in accounts.found for number in each.account.numbers
        }
        for book in (books.shared, *books.own.values()):
            for contact in book.contacts.values():
                told.update((number, f"the contact '{contact.id}'") for number in contact.numbers[:1])
        for number, whose in told.items():
            if tariff.find(number) is None:
                message = f"no line here covers {phone.mask(number)} of {whose}"
                hint = f'add one, like {{prefix: "{phone.country(number)}", price: "0.08", provider: ...}}'
                self.problems.append(
                    self._tariff_document.problem(
                        ("sms",), message, key=True, severity="warning", code="no-route", hint=hint
                    )
                )


def _addresses(settings: AccountSettings) -> frozenset[str]:
    """Of the mailboxes, where the name to sign in with is one."""
    return frozenset(mailbox.user.lower() for mailbox in settings.mailboxes if "@" in mailbox.user)


def _names_in(data: Any) -> list[str] | None:
    providers = data.get("providers", {}) if isinstance(data, dict) else None
    return list(providers) if isinstance(providers, dict) else None


def _carriers(file: TariffFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each provider that the tariff names, and where."""
    for kind, rows in (("sms", file.sms), ("fax", file.fax), ("mms", file.mms), ("rcs", file.rcs)):
        for index, row in enumerate(rows):
            yield from (((kind, index, "provider"), name) for name in row.provider)
    if file.email is not None:
        yield from ((("email", "provider"), name) for name in file.email.provider)
