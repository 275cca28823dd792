"""The stream's and the store's addresses, with what stands beside them in files: passwords and certificates."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from engine.document import Document, Problem
from engine.settings.engine_file import EngineFile
from engine.settings.files import place_files
from engine.settings.plain import real
from engine.transport.address import Servers, read_url

_PASSWORDS = ("store_password_file", "stream_password_file")
_CERTIFICATES = ("stream_ca_file", "stream_cert_file", "stream_key_file")
_FILES = (*_PASSWORDS, *_CERTIFICATES)
#: The scheme, the user and the password. `urllib` does not know addresses of several hosts, some of them IPv6.
_LOGIN = re.compile(r"([a-z][a-z0-9+.-]*://)(?:([^:/?#]*)(?::([^/?#]*))?@)?")
_STORE = "store: postgresql://user@host/name"
_STREAM = "stream: kafka+tls://user@host:9093"


def place_servers(file: EngineFile, document: Document, folder: Path) -> tuple[EngineFile, list[Problem]]:
    """The file with the paths of these files made absolute (from `folder`), and what is wrong with them."""
    problems = [
        document.problem((key,), message, code="file", key=key != "stream", hint=hint)
        for key, message, hint in _misplaced(file)
    ]
    if problems or not any(getattr(file, name) for name in _FILES):
        return file, problems
    placed, problems = place_files(file, document, (), folder)
    for name in _PASSWORDS if not problems else ():
        path = getattr(placed, name)
        if path is not None and not _password(path).isprintable():
            hint = "write the password into it on one line, nothing else"
            problems.append(document.problem((name,), f"{name}: this is no password", code="file", hint=hint))
    return file.model_copy(update={name: getattr(placed, name) for name in _FILES}), problems


def store_url(file: EngineFile, folder: Path, data: Path) -> str:
    """Where the store is, with its password. `file` is placed."""
    url = _place_sqlite(file.store or f"sqlite:///{data}/store.db", folder)
    return url if file.store_password_file is None else _add_password(url, _password(file.store_password_file))


def stream_url(file: EngineFile, folder: Path, data: Path) -> str:
    """Where the stream is, with its password and the files of its certificates. `file` is placed."""
    url = _place_sqlite(file.stream or f"sqlite:///{data}/stream.db", folder)
    if file.stream_password_file is not None:
        url = _add_password(url, _password(file.stream_password_file))
    for name in _CERTIFICATES:
        path = getattr(file, name)
        if path is not None:
            url += f"{'&' if '?' in url else '?'}{name.removeprefix('stream_')}={quote(str(path))}"
    return url


def _place_sqlite(url: str, folder: Path) -> str:
    """The URL with its file's path made absolute; other URLs as they are."""
    scheme, _, rest = url.partition(":///")
    if scheme != "sqlite":
        return url
    path, mark, query = rest.partition("?")
    return f"{scheme}:///{real(folder / path)}{mark}{query}"


def without_password(url: str) -> tuple[str, str]:
    """The URL of a server without its password, and that, as it stands there; empty when there is none."""
    found = _LOGIN.match(url)
    if found is None or not found[3]:
        return url, ""
    return f"{found[1]}{found[2]}@{url[found.end() :]}", found[3]


def _misplaced(file: EngineFile) -> Iterator[tuple[str, str, str]]:
    """Which key says something that goes with nothing, what, and how it would be right."""
    if file.store_password_file is not None and not (file.store or "").startswith("postgresql"):
        yield "store_password_file", "store_password_file belongs to a store that is a server", _STORE
    address = read_url(file.stream) if file.stream and not file.stream.startswith("sqlite") else None
    servers = address if isinstance(address, Servers) else Servers(())
    if servers.login is None and file.stream_password_file is not None:
        yield "stream_password_file", "stream_password_file belongs to a stream with a user", _STREAM
    if servers.login is not None and servers.login.password is None and file.stream_password_file is None:
        hint = "stream_password_file: secrets/stream.password, a file that holds it"
        yield "stream", "the user of the stream has no password", hint
    for name in _CERTIFICATES if servers.tls is None else ():
        if getattr(file, name) is not None:
            yield name, f"{name} belongs to a stream over TLS", _STREAM
    if (file.stream_cert_file is None) != (file.stream_key_file is None):
        name = "stream_cert_file" if file.stream_key_file is None else "stream_key_file"
        yield name, "a certificate and its key belong together", "give stream_cert_file and stream_key_file"


def _password(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace").strip()


def _add_password(url: str, password: str) -> str:
    """The URL of a server with this password in it, in place of one that stands there."""
    return _LOGIN.sub(lambda found: f"{found[1]}{found[2] or ''}:{quote(password, safe='')}@", url, count=1)
