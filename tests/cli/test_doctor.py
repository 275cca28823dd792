"""`tocsin doctor`: for people, for programs, and for a container's health check."""

import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.channels.endpoint import Endpoint
from engine.channels.reachable import Step
from engine.cli import main, reaching
from engine.store import accounts, attempts, inbox, revision, send_queue, silence
from engine.store.database import Database
from tests.builders import ACCEPTED, a_notification, a_quote, an_account, terms
from tests.cli.test_dead import TARIFF
from tests.servers.pymap_server import free_port


def _config(folder: Path, port: int) -> Path:
    (folder / "engine.yaml").write_text(
        "version: 1\nproviders: {phone: {driver: fake, url: 'http://127.0.0.1:1'}}\n"
        f"web: {{host: 0.0.0.0, port: {port}}}\ndata: {folder}/var\n"
    )
    (folder / "tariff.yaml").write_text(TARIFF)
    return folder


@contextmanager
def _engine(status: int) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b'{"ready": ...}')

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield server.server_port
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_health_check_says_what_the_engine_says(tmp_path: Path, status: int, code: int) -> None:
    with _engine(status) as port:
        done = CliRunner().invoke(main, ["-c", str(_config(tmp_path, port)), "doctor", "--ready"])
    assert (done.exit_code, done.stdout) == (code, '{"ready": ...}\n')


def test_an_engine_that_does_not_answer_is_a_service_that_cannot_be_reached(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-c", str(_config(tmp_path, free_port())), "doctor", "--ready"])
    assert done.exit_code == 3
    assert "no engine answers" in done.stderr


def test_the_findings_are_there_for_programs(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-c", str(_config(tmp_path, free_port())), "doctor", "--json"])
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert [each["ok"] for each in found] == [True, True, False, True]
    assert found[2]["place"] == "provider phone 127.0.0.1:1"
    assert found[2]["message"].startswith("tcp: refused")
    assert found[3]["message"].startswith("reports: they come to http://0.0.0.0:")


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//
BEGIN:VEVENT
UID:1
DTSTAMP:20200101T000000Z
DTSTART:20200101T090000Z
DTEND:20200101T100000Z
RRULE:FREQ=DAILY
SUMMARY:Standup
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("written", "ok", "says"),
    [
        (ICS, True, "1 appointment, 3"),
        (ICS.replace("FREQ=DAILY", "FREQ=SOMETIMES"), True, "1 cannot be read whole"),
        ("<html>", False, "calendar"),
        (None, False, "the file cannot be read"),
    ],
    ids=["well", "a bad rule", "a page of a web site", "no file"],
)
def test_each_calendar_is_fetched_once_and_read(tmp_path: Path, written: str | None, ok: bool, says: str) -> None:
    folder = _config(tmp_path, free_port())
    (folder / "accounts").mkdir()
    (folder / "accounts/anna.yaml").write_text(
        'version: 1\nid: anna\nnumbers: ["+32470000001"]\ncalendars: [{name: work, file: work.ics}]\n'
    )
    if written is not None:
        (folder / "work.ics").write_text(written)
    found = json.loads(CliRunner().invoke(main, ["-c", str(folder), "doctor", "--json"]).stdout)
    [finding] = [each for each in found if "calendar work" in each["place"]]
    assert finding["place"] == f"anna calendar work {folder}/work.ics"
    assert (finding["ok"], says in finding["message"]) == (ok, True), finding


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[int]:
    """A gateway that says the same to everybody."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_kafka_that_does_not_answer_is_told(tmp_path: Path) -> None:
    port = free_port()
    engine = _config(tmp_path, free_port()) / "engine.yaml"
    engine.write_text(f"{engine.read_text()}stream: kafka+tls://anna:geheim@127.0.0.1:{port}\n")
    done = CliRunner().invoke(main, ["-c", str(tmp_path), "doctor"])
    assert done.exit_code == 3
    assert f"FAIL  127.0.0.1:{port}  Kafka does not answer here" in done.output
    assert "geheim" not in done.output


def _with_providers(folder: Path, written: str) -> Path:
    (folder / "engine.yaml").write_text(f"version: 1\ndata: {folder}/var\nproviders:\n{written}")
    (folder / "tariff.yaml").write_text(TARIFF)
    return folder


def _kannel(port: int) -> str:
    url = f"http://127.0.0.1:{port}/cgi-bin/sendsms"
    return f"  phone: {{driver: kannel, url: '{url}', user: u, password: s3cr3t-4711}}\n"


@pytest.mark.parametrize(
    ("status", "body", "code", "says"),
    [
        (400, b"Empty receiver number not allowed, rejected", 0, "sign-in: it lets us in"),
        (403, b"Authorization failed for sendsms s3cr3t-4711", 3, "refused our user name or password"),
        (500, b"oops +32470000001", 3, "sign-in: "),
    ],
    ids=["in", "wrong password", "broken"],
)
def test_a_provider_is_signed_in_to_and_no_secret_is_shown(
    tmp_path: Path, status: int, body: bytes, code: int, says: str
) -> None:
    with _answering(status, body) as port:
        folder = _with_providers(tmp_path, _kannel(port))
        done = CliRunner().invoke(main, ["-c", str(folder), "doctor"])
    assert f"ok    provider phone 127.0.0.1:{port}  tcp: connected" in done.output
    assert (done.exit_code, says in done.output) == (code, True), done.output
    assert "s3cr3t" not in done.output
    assert "470000001" not in done.output


def test_a_gateway_that_takes_the_connection_and_is_silent_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hole:
        folder = _with_providers(tmp_path, _kannel(hole.getsockname()[1]))
        done = CliRunner().invoke(main, ["-c", str(folder), "doctor"])
    assert done.exit_code == 3
    assert "FAIL  provider phone  sign-in: connected, and no answer" in done.output


def test_a_proxy_in_the_environment_is_told_and_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with _answering(400, b"") as port:
        folder = _with_providers(tmp_path, _kannel(port))
        done = CliRunner().invoke(main, ["-c", str(folder), "doctor"])
    assert done.exit_code == 0, done.output
    assert (
        "ok    proxy  set in the environment and not used: HTTPS_PROXY, http_proxy; we connect directly"
        in done.output
    )
    assert "hunter2" not in done.output
    assert "to go through one, write into engine.yaml: proxy: {url: http://HOST:PORT}" in done.output


def test_a_proxy_in_engine_yaml_leaves_alone_what_is_near_and_the_environment_plays_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with _answering(400, b"") as port:
        written = f"{_kannel(port)}proxy: {{url: 'http://127.0.0.1:{free_port()}'}}\n"
        done = CliRunner().invoke(main, ["-c", str(_with_providers(tmp_path, written)), "doctor"])
    assert done.exit_code == 0, done.output
    assert "HTTPS_PROXY" not in done.output
    assert "through" not in done.output


@pytest.mark.parametrize("proxy", ["", "proxy: {url: 'http://127.0.0.1:1'}\n"])
def test_that_plugins_of_apprise_follow_the_environment_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    written = f"  phone: {{driver: apprise, url: 'json://127.0.0.1:{free_port()}/{{number}}'}}\n{proxy}"
    done = CliRunner().invoke(main, ["-c", str(_with_providers(tmp_path, written)), "doctor"])
    assert "ok    proxy  Apprise's own plugins do follow the environment: provider phone" in done.output
    assert ("not used: HTTPS_PROXY" in done.output) == (not proxy)


def test_a_password_that_no_proxy_can_be_told_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("one\ntwo")
    proxy = "{url: 'http://127.0.0.1:1', user: tocsin, password_file: password}"
    written = f"{_kannel(free_port())}proxy: {proxy}\n"
    done = CliRunner().invoke(main, ["-c", str(_with_providers(tmp_path, written)), "doctor"])
    assert done.exit_code == 3
    assert f"FAIL  proxy {tmp_path}/password  the proxy's password holds a line break" in done.output
    assert "to mend it: write it on one line, nothing else" in done.output


def test_a_secret_that_cannot_be_read_is_told_with_its_file(tmp_path: Path) -> None:
    with _answering(400, b"") as port:
        written = _kannel(port).replace("password: s3cr3t-4711", "password_file: secrets/none")
        done = CliRunner().invoke(main, ["-c", str(_with_providers(tmp_path, written)), "doctor"])
    assert done.exit_code != 0
    assert "secrets/none" in done.output


def test_reports_that_cannot_come_from_the_internet_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(at: Endpoint, proxy: None) -> AsyncIterator[Step]:
        yield Step("tcp", False, f"{at}")

    monkeypatch.setattr(reaching, "reach", nothing)
    written = f"  phone: {{driver: twilio, account: AC{'0' * 32}, token: x, sender: '+15005550006'}}\n"
    folder = _with_providers(tmp_path, written)
    done = CliRunner().invoke(main, ["-c", str(folder), "doctor"])
    assert "FAIL  provider phone  reports: they cannot come from the internet to http://127.0.0.1:8025" in done.output
    folder = _with_providers(tmp_path, written + "web: {public: 'https://tocsin.example'}\n")
    done = CliRunner().invoke(main, ["-c", str(folder), "doctor"])
    assert "ok    provider phone  reports: they come to https://tocsin.example/callbacks/phone" in done.output


def test_what_reports_nothing_is_said_to(tmp_path: Path) -> None:
    port = free_port()
    written = (
        f"  phone: {{driver: email_gateway, host: 127.0.0.1, port: {port}, tls: 'off', "
        "sender: tocsin@ours.example, address: '{number}@sms.example'}\n"
    )
    done = CliRunner().invoke(main, ["-c", str(_with_providers(tmp_path, written)), "doctor"])
    assert "reports: none, or none are asked for; `sent` is all that will be known of a message" in done.output


def test_a_provider_that_should_report_and_does_not_is_told_with_its_address(tmp_path: Path) -> None:
    written = f"  phone: {{driver: fake, url: 'http://127.0.0.1:{free_port()}'}}\n"
    folder = _with_providers(tmp_path, written + "web: {public: 'https://tocsin.example'}\n")
    (tmp_path / "var").mkdir()
    store = Database(f"sqlite:///{tmp_path}/var/store.db")
    revision.ensure(store)
    told = [a_notification(n) for n in range(5)]
    at = datetime.now(UTC) - timedelta(minutes=11)
    store.write(lambda c: accounts.upsert(c, [an_account(parts=100)], "v", at))
    store.write(lambda c: inbox.take_in(c, [(each, a_quote()) for each in told], "EUR", at))
    for claim in store.write(lambda c: send_queue.claim(c, terms(), 10, lambda: at)).claims:
        store.write(lambda c: attempts.answer(c, claim, ACCEPTED, terms()["phone"], at, timedelta(0)))  # noqa: B023
    done = CliRunner().invoke(main, ["-c", str(folder), "doctor"])
    assert done.exit_code == 3
    assert "FAIL  provider phone  reports: it accepted 5 messages since 20" in done.output
    assert "set the report address https://tocsin.example/callbacks/phone at the supplier" in done.output
    store.write(lambda c: silence.note(c, ["phone"], at + timedelta(minutes=1)))
    assert "accepted 5 messages" not in CliRunner().invoke(main, ["-c", str(folder), "doctor"]).output
    store.close()


def test_mailboxes_for_bounces_are_tried_like_any_other(tmp_path: Path) -> None:
    port = free_port()
    written = (
        f"  phone: {{driver: fake, url: 'http://127.0.0.1:{port}'}}\n"
        f"  mail: {{driver: smtp, host: 127.0.0.1, port: {port}, tls: 'off', sender: t@ours.example, "
        "bounce_address: b@ours.example, bounce_key: 0123456789abcdef}\n"
        f"bounces: {{mail: {{host: 127.0.0.1, port: {port}, tls: 'off', user: bounce, password: x}}}}\n"
    )
    done = CliRunner().invoke(main, ["-c", str(_with_providers(tmp_path, written)), "doctor"])
    assert f"FAIL  bounces of mail 127.0.0.1:{port}  connection" in done.output
