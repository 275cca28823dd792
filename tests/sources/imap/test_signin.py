"""Signing in: what is tried how often, what is said, and what is never said."""

import logging
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.sources.imap.mailbox import Mailbox
from engine.sources.imap.office import Office
from engine.sources.imap.pace import Pace
from engine.sources.imap.signin import explain_refusal, find_remedy, read_secret
from engine.sources.imap.trouble import DeniedError, LostError, RefusedError, is_passing, read_code, suggested_wait
from engine.sources.imap.watcher import State
from tests.servers import make_certificate
from tests.servers.letters import letter
from tests.servers.scripted import ScriptedServer
from tests.sources.imap.conftest import HURRY, Ledger, Watch, until


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


async def test_a_wrong_password_is_tried_three_times_and_then_no_more(
    server: ScriptedServer, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with watch(server.mailbox("u", password="w0rd-of-mine"), settled=False) as watcher:
        await until(lambda: watcher.watching.state is State.SUSPENDED)
        assert server.tried == ["w0rd-of-mine"] * 3
        assert f"127.0.0.1:{server.port}" in watcher.watching.error
        assert "password" in watcher.watching.error
        assert "w0rd-of-mine" not in watcher.watching.error
        assert "w0rd-of-mine" not in caplog.text


async def test_all_folders_of_a_user_share_the_three_tries(server: ScriptedServer, watch: Watch) -> None:
    mailbox = server.mailbox("u", password="wrong", folders=("INBOX", "Other"))
    async with watch(mailbox, settled=False) as one, watch(mailbox, "Other", settled=False) as other:
        await until(lambda: {one.watching.state, other.watching.state} == {State.SUSPENDED})
        assert len(server.tried) == 3


async def test_a_suspended_mailbox_is_watched_again_when_its_password_file_changes(
    server: ScriptedServer, watch: Watch, ledger: Ledger, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("wrong\n")
    async with watch(server.mailbox("u", password=None, password_file=str(file)), settled=False) as watcher:
        await until(lambda: watcher.watching.state is State.SUSPENDED)
        file.write_text("secret\n")
        await until(lambda: watcher.watching.watched)
        server.put(letter("Welcome back"))
        await ledger.told(1)
    assert server.tried == ["wrong", "wrong", "wrong", "secret"]


async def test_a_refusal_for_now_is_tried_again_and_again(server: ScriptedServer, watch: Watch) -> None:
    server.refusal = "[UNAVAILABLE] the user database is away"
    async with watch(server.mailbox("u"), settled=False) as watcher:
        await until(lambda: len(server.tried) > 4)
        assert watcher.watching.state is not State.SUSPENDED
        server.refusal = ""
        await until(lambda: watcher.watching.watched)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
async def test_a_token_is_read_anew_at_each_sign_in(
    mechanism: str, watch: Watch, ledger: Ledger, tmp_path: Path
) -> None:
    async with ScriptedServer(f"IMAP4rev1 IDLE AUTH={mechanism}") as server:
        server.accepts = {"first"}
        file = tmp_path / "token"
        file.write_text("first\n")
        async with watch(server.mailbox("u@example.com", password=None, token_file=str(file))):
            server.accepts = {"second"}
            file.write_text("second\n")
            server.drop()
            await until(lambda: len(server.tried) == 2 and bool(server.idlers()))
    assert server.tried == ["first", "second"]


async def test_a_token_command_is_run_without_a_shell(tmp_path: Path) -> None:
    mailbox = _mailbox(token_command=f"{sys.executable} -c 'print(\"a token;$HOME\")'")
    assert read_secret(mailbox, Pace()).text == "a"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"token_command": "/nonexistent/program"}, "No such file"),
        ({"token_command": f"{sys.executable} -c 'import sys; print(1); sys.exit(3)'"}, "ended with 3"),
        ({"token_command": f"{sys.executable} -c 'import time; time.sleep(60)'"}, "more than"),
        ({"token_command": "unbalanced 'quote"}, "split into words"),
        ({"password_file": "/nonexistent/file"}, "/nonexistent/file cannot be read"),
        ({"token_file": "/dev/null"}, "/dev/null is empty"),
    ],
)
def test_a_secret_that_cannot_be_had_says_why(written: dict[str, str], told: str) -> None:
    with pytest.raises(LostError) as caught:
        read_secret(_mailbox(**written), replace(HURRY, command=0.3))
    assert told in str(caught.value)
    assert caught.value.place == "imap.example:993"
    assert caught.value.remedy


async def test_a_password_outside_ascii_is_sent_as_plain(watch: Watch) -> None:
    async with ScriptedServer("IMAP4rev1 IDLE AUTH=PLAIN") as server:
        server.accepts = {"pässwörd"}
        async with watch(server.mailbox("jürgen", password="pässwörd")):
            pass
    assert server.tried == ["pässwörd"]


async def test_a_password_outside_ascii_that_cannot_be_sent_is_not_shown(
    watch: Watch, server: ScriptedServer
) -> None:
    async with watch(server.mailbox("u", password="pässwörd"), settled=False) as watcher:
        await until(lambda: bool(watcher.watching.error))
        assert "ASCII" in watcher.watching.error
        assert "ä" not in watcher.watching.error
        assert "ö" not in watcher.watching.error


async def test_a_user_name_with_spaces_and_quotes_is_one_word(server: ScriptedServer, watch: Watch) -> None:
    async with watch(server.mailbox('a "b" c\\d', password="secret")):
        pass


async def test_starttls_protects_the_sign_in(watch: Watch, ledger: Ledger, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with ScriptedServer("IMAP4rev1 IDLE STARTTLS") as server:
        server.starttls = context
        mailbox = server.mailbox("u", host="localhost", tls="starttls", ca_file=str(certificate))
        async with watch(mailbox):
            server.put(letter("Safe"))
            await ledger.told(1)


async def test_words_sent_before_the_tls_handshake_are_not_believed(watch: Watch, tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path)

    async def inject(peer: object, tag: bytes, _: str) -> bool:
        peer.say(tag + b" OK go on\r\n* CAPABILITY IMAP4rev1 EVIL\r\n")  # type: ignore[attr-defined]
        return True

    async with ScriptedServer("IMAP4rev1 IDLE STARTTLS") as server:
        server.scripts["STARTTLS"] = inject
        mailbox = server.mailbox("u", host="localhost", tls="starttls", ca_file=str(certificate))
        async with watch(mailbox, settled=False) as watcher:
            await until(lambda: "plain text after STARTTLS" in watcher.watching.error)
        assert server.tried == []


async def test_a_server_without_starttls_gets_no_password(watch: Watch, server: ScriptedServer) -> None:
    async with watch(server.mailbox("u", tls="starttls"), settled=False) as watcher:
        await until(lambda: bool(watcher.watching.error))
    assert server.tried == []


async def test_tls_is_spoken_from_the_first_byte_and_one_context_serves_all(
    watch: Watch, ledger: Ledger, office: Office, tmp_path: Path
) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with ScriptedServer(tls=context) as server:
        mailbox = server.mailbox("u", host="localhost", tls="on", ca_file=str(certificate))
        async with watch(mailbox), watch(server.mailbox("v", host="localhost", tls="on", ca_file=str(certificate))):
            for number in range(3):
                server.put(letter(f"{number}" + "x" * 40_000))
            await ledger.told(6)
        async with watch(server.mailbox("u", host="localhost", tls="on"), settled=False) as watcher:
            await until(lambda: "certificate" in watcher.watching.error)
            assert "ca_file" in watcher.watching.error
    assert len(office._contexts) == 2


@pytest.mark.parametrize(
    ("host", "way", "word"),
    [
        ("imap.gmail.com", {"password": "x"}, "app password"),
        ("imap.gmail.com", {"token_file": "/x"}, "https://mail.google.com/"),
        ("outlook.office365.com", {"password": "x"}, "token_command"),
        ("outlook.office365.com", {"token_command": "x"}, "IMAP.AccessAsUser.All"),
        ("imap.mail.me.com", {"password": "x"}, "app password"),
        ("mail.example.org", {"password": "x"}, "correct `user`"),
        ("notgmail.com", {"password": "x"}, "correct `user`"),
        ("mail.example.org", {"token_file": "/x"}, "expired"),
    ],
)
def test_the_remedy_fits_the_provider(host: str, way: dict[str, str], word: str) -> None:
    assert word in find_remedy(Mailbox.model_validate({"host": host, "user": "u"} | way))


@pytest.mark.parametrize(
    ("said", "passing"),
    [
        ("[AUTHENTICATIONFAILED] Authentication failed.", False),
        ("[ALERT] Application-specific password required", False),
        ("LOGIN failed.", False),
        ("[UNAVAILABLE] Temporary authentication failure.", True),
        ("[ALERT] Too many simultaneous connections. (Failure)", True),
        ("[INUSE] locked", True),
        ("[AUTHENTICATIONFAILED] temporary trouble with your fingers", False),
        ("Please try again later", True),
        ("LOGIN command error: BAD ['User is authenticated but not connected.']", True),
    ],
)
def test_a_refusal_is_for_good_or_for_now_by_its_code_and_else_by_its_words(said: str, passing: bool) -> None:
    told = explain_refusal(DeniedError(said, place="imap.example:993"), _mailbox(password="x"))
    assert isinstance(told, LostError if passing else RefusedError)
    assert told.place == "imap.example:993"


def test_codes_and_waits_are_read_from_a_servers_words() -> None:
    assert read_code("[ALERT] [UNAVAILABLE] hm") == "UNAVAILABLE"
    assert read_code("nothing") == ""
    assert is_passing("server busy")
    assert suggested_wait("BYE Suggested Backoff Time: 93543 milliseconds") == 93.543


def _mailbox(**way: str) -> Mailbox:
    return Mailbox.model_validate({"host": "imap.example", "user": "u"} | way)
