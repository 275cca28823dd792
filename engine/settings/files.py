"""The files of the configuration folder: read once, hashed, and the secrets' files looked at."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from engine.document import MOST_BYTES, Document, Problem, suggest
from engine.document import Path as Place
from engine.rules.kept import Page
from engine.settings.plain import open_plain

M = TypeVar("M", bound=BaseModel)

#: What is looked at in a configuration folder.
KNOWN = (
    "accounts",
    "contacts",
    "engine.yaml",
    "lists",
    "rules",
    "schema",
    "secrets",
    "tariff.yaml",
    "templates",
    "windows",
)


class Folder:
    """Reads the folder's files and remembers every name and byte for the version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._bytes: dict[str, bytes] = {}

    def show(self, *parts: str) -> str:
        """A file of the folder, as reports name it."""
        return str(self.path.joinpath(*parts))

    def document(self, *parts: str) -> Document | None:
        """The file, or None with a problem when it is not there or cannot be read."""
        page = self.page(*parts)
        return page.document if page is not None else None

    def page(self, *parts: str) -> Page | None:
        """The file as it stands, not parsed yet, or None with a problem."""
        path = self.path.joinpath(*parts)
        try:
            with open_plain(path) as file:
                raw = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            self._report("this file is missing", str(path), "'tocsin init' writes a first one")
            return None
        except OSError as error:
            self._report(f"this file cannot be read: {error.strerror}", str(path), "look at its owner and its mode")
            return None
        self._bytes["/".join(parts)] = raw
        return Page(str(path), raw)

    def documents(self, *parts: str) -> list[Document]:
        """All ``*.yaml`` of a folder, in the order of their names; none when the folder is not there."""
        return [page.document for page in self.pages(*parts)]

    def pages(self, *parts: str) -> list[Page]:
        """The same, not parsed yet."""
        names = [path.name for path in self._entries(*parts) if path.suffix == ".yaml"]
        found = (self.page(*parts, name) for name in names)
        return [page for page in found if page is not None]

    def folders(self, *parts: str) -> list[str]:
        """The folders in a folder; a YAML file beside them is a mistake."""
        inside = list(self._entries(*parts))
        for path in inside:
            if path.suffix == ".yaml" and not path.is_dir():
                hint = "rules stand in rules/global/ or in rules/<account>/"
                self._report("this file is in no account's folder, so nobody reads it", str(path), hint)
            elif path.is_symlink() and not path.exists():
                self._report("this link leads nowhere, so its rules are not read", str(path), "mend or remove it")
        return [path.name for path in inside if path.is_dir()]

    def look_round(self) -> None:
        """Warn of what stands here and nobody reads: most likely a name that is misspelt."""
        for path in self._entries():
            if path.name in KNOWN or path.suffix == ".yml":
                continue
            if path.suffix == ".yaml" or (path.is_dir() and any(path.glob("**/*.yaml"))):
                kind = "folder" if path.is_dir() else "file"
                message = f"nobody reads this {kind}"
                hint = f"read are: {', '.join(KNOWN)}"
                label = suggest(path.name, KNOWN)
                self.problems.append(
                    Problem(message, str(path), severity="warning", code="file", label=label, hint=hint)
                )

    def version(self) -> str:
        """Twelve hex digits of all names and bytes that were read."""
        digest = hashlib.sha256()
        for name, raw in sorted(self._bytes.items()):
            digest.update(f"{len(name)}:{name}:{len(raw)}:".encode())
            digest.update(raw)
        return digest.hexdigest()[:12]

    def _entries(self, *parts: str) -> Iterator[Path]:
        try:
            inside = sorted(self.path.joinpath(*parts).iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            self._report(f"this folder cannot be read: {error.strerror}", self.show(*parts), "look at its owner")
            return
        for path in inside:
            if path.name.startswith("."):
                continue
            if path.suffix == ".yml":
                self._report("files that end in .yml are not read", str(path), f"call it {path.stem}.yaml")
            yield path

    def _report(self, message: str, file: str, hint: str) -> None:
        self.problems.append(Problem(message, file, code="file", hint=hint))


def place_files(model: M, document: Document, at: Place, folder: Path) -> tuple[M, list[Problem]]:
    """The settings with their paths made absolute (from `folder`), and what is wrong with the ``*_file`` ones."""
    placed: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        at_setting = (*at, info.alias or name)
        if isinstance(value, Path):
            placed[name], wrong = _place(value, folder, look=name.endswith("_file"))
            if wrong:
                hint = _HINT.get(name, "relative names begin at the configuration folder")
                problems.append(document.problem(at_setting, f"{name}: {wrong}", code="file", hint=hint))
        elif name.endswith("_files") and isinstance(value, Mapping):
            placed[name] = {}
            for key, path in value.items():
                placed[name][key], wrong = _place(path, folder, look=True)
                if wrong:
                    message = f"{name}: {key}: {wrong}"
                    hint = "relative names begin at the configuration folder"
                    problems.append(document.problem((*at_setting, key), message, code="file", hint=hint))
    return (model.model_copy(update=placed) if placed else model), problems


def secret_files(model: BaseModel) -> list[Path]:
    """The files that these settings name by a setting that ends in ``_file`` or ``_files``."""
    found = [(name, getattr(model, name)) for name in type(model).model_fields]
    one = [value for name, value in found if name.endswith("_file") and isinstance(value, Path)]
    many = [
        path
        for name, each in found
        if name.endswith("_files") and isinstance(each, Mapping)
        for path in each.values()
    ]
    return one + many


def _place(value: Path, folder: Path, *, look: bool) -> tuple[Path, str]:
    """The path made absolute, and what is wrong with it."""
    try:
        placed = (folder / value.expanduser()).resolve()
        return placed, _look_at(placed) if look else ""
    except (ValueError, RuntimeError, OSError):  # a NUL in it, a home of nobody, a loop of links
        return value, "this is no name of a file"


_HINT = {"password_file": "write the password into it, nothing else, and let only yourself read it (chmod 600)"}


def _look_at(path: Path) -> str:
    try:
        with open_plain(path) as file:
            return "" if file.read(4096).strip() else f"the file {path} is empty"
    except FileNotFoundError:
        return f"there is no file {path}"
    except OSError as error:
        return f"the file {path} cannot be read: {error.strerror}"
