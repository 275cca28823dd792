"""What stands beside the stream's and the store's addresses in files arrives in them, or is told at its line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.masking import secrets_of
from engine.settings import load, require
from engine.settings.servers import without_password
from engine.transport.address import Servers, read_url
from tests.builders import write_starter

Write = Callable[[str], Path]
SECRET = "geh/eim@ein:Wort?ü%41"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A good configuration, with more lines in engine.yaml."""

    def make(lines: str) -> Path:
        config = tmp_path / "config"
        write_starter(config)
        for name, text in {"me.password": "x", "stream": f"{SECRET}\n", "ca.pem": "x", "two": "a\nb"}.items():
            (config / "secrets" / name).write_text(text)
        engine = config / "engine.yaml"
        engine.write_text(engine.read_text() + lines)
        return config

    return make


def test_a_password_and_certificates_in_files_are_part_of_the_address(write: Write) -> None:
    config = write(
        "stream: kafka+tls://anna@one,[::1]:9?prefix=x-\nstream_password_file: secrets/stream\n"
        "stream_ca_file: secrets/ca.pem\nstream_cert_file: secrets/ca.pem\nstream_key_file: secrets/ca.pem\n"
    )
    settings = require(config)
    servers = read_url(settings.stream)
    assert isinstance(servers, Servers)
    assert servers.login is not None
    assert servers.tls is not None
    assert (servers.hosts, servers.prefix) == (("one:9093", "[::1]:9"), "x-")
    assert (servers.login.user, servers.login.password) == ("anna", SECRET)
    files = {servers.tls.ca_file, servers.tls.cert_file, servers.tls.key_file}
    assert files == {config / "secrets/ca.pem"}
    assert SECRET in set(secrets_of(settings))


def test_a_password_in_a_file_stands_in_place_of_one_in_the_address(write: Write) -> None:
    settings = require(write("stream: kafka+tls://anna:old@one\nstream_password_file: secrets/stream\n"))
    servers = read_url(settings.stream)
    assert isinstance(servers, Servers)
    assert servers.login is not None
    assert servers.login.password == SECRET


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        ("stream: kafka+tls://anna@one", "stream", "the user of the stream has no password"),
        ("stream: kafka+tls://one\nstream_password_file: secrets/stream", "stream_password_file", "with a user"),
        ("stream_password_file: secrets/stream", "stream_password_file", "belongs to a stream with a user"),
        ("store_password_file: secrets/stream", "store_password_file", "belongs to a store that is a server"),
        ("stream: kafka://one\nstream_ca_file: secrets/ca.pem", "stream_ca_file", "belongs to a stream over TLS"),
        ("stream: kafka+tls://one\nstream_key_file: secrets/ca.pem", "stream_key_file", "belong together"),
        ("stream: kafka+tls://one\nstream_ca_file: nowhere", "stream_ca_file", "there is no file"),
        ("stream: kafka+tls://anna@one\nstream_password_file: secrets/two", "stream_password_file", "is no password"),
        ("stream: 'kafka+tls://anna:gehe/im@one'", "stream", "percent-encoded"),
        ("stream: kafka+ssl://one", "stream", "write a URL that begins with sqlite:// or kafka:// or kafka+tls://"),
    ],
)
def test_what_does_not_go_together_is_told_at_its_line(write: Write, lines: str, key: str, said: str) -> None:
    config = write(f"{lines}\n")
    settings, problems = load(config)
    assert settings is None
    [problem] = problems
    assert said in problem.message
    assert problem.span is not None
    line = (config / "engine.yaml").read_text().splitlines()[problem.span.line - 1]
    assert line.startswith(f"{key}:")
    assert "gehe" not in f"{problem.message} {problem.excerpt} {problem.hint} {problem.label}"


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        ("postgresql://anna:a@b@host/name", "postgresql://anna@host/name", "a@b"),
        ("postgresql://anna@corp:pw@host:5432/name", "postgresql://anna@corp@host:5432/name", "pw"),
        ("postgresql://anna@host:5432/name", "postgresql://anna@host:5432/name", ""),
        ("postgresql:///name?host=/run", "postgresql:///name?host=/run", ""),
        ("sqlite:////var/a:b@c/store.db", "sqlite:////var/a:b@c/store.db", ""),
        ("kafka+tls://anna:pw@one:9,[::1]:9", "kafka+tls://anna@one:9,[::1]:9", "pw"),
    ],
)
def test_the_password_of_any_server_is_found(url: str, shown: str, password: str) -> None:
    assert without_password(url) == (shown, password)
