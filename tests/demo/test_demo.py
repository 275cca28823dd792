"""The demo from outside: it proves what it says, and leaves nothing behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.demo import play
from engine.demo.configuration import NUMBER, add_calendar, write_configuration, write_secrets
from engine.demo.follow import Scene
from engine.demo.page import Page
from engine.demo.post import Letter, compose
from engine.demo.reading import Standing
from engine.errors import TocsinError
from engine.net import Http
from engine.settings import require
from engine.web.server import Listener

LONG = timedelta(seconds=30)


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}


def test_the_demo_once_delivers_a_text_and_a_reminder_explains_the_other_mail_and_cleans_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", "demo", "--once"],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"Boss: Spoed: server down"' in done.stdout
    assert "No rule matched this mail." in done.stdout
    assert "plan 9 left, balance EUR 5.00 → plan 7 left, balance EUR 5.00" in done.stdout
    assert '"Tandarts over 1 min, Kerkstraat 5"' in done.stdout
    assert "proven: the phone took exactly two texts" in done.stdout
    assert str(tmp_path) not in done.stdout
    assert list(tmp_path.iterdir()) == []


async def test_an_interrupt_ends_the_demo_and_all_its_children_quietly(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine", "demo", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment(tmp_path),
    )
    assert demo.stdout is not None
    async for line in demo.stdout:
        if b"^C ends" in line:
            break
    pids = [int(pid) for pid in Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()]
    assert len(pids) >= 3
    demo.send_signal(signal.SIGINT)
    rest, _ = await demo.communicate()
    assert demo.returncode == 0, rest.decode()
    assert b"Traceback" not in rest
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert list(tmp_path.iterdir()) == []


def test_the_demo_s_configuration_is_one_that_the_engine_takes(tmp_path: Path) -> None:
    secrets = write_secrets(tmp_path, "t" * 20, "p" * 20)
    folder = write_configuration(tmp_path, secrets, web=8025, phone="http://127.0.0.1:8026", mailbox=1143)
    settings = require(folder)
    assert [each.account.numbers for each in settings.accounts] == [(NUMBER,)]
    assert {each.stat().st_mode & 0o777 for each in (secrets.token, secrets.password)} == {0o600}
    add_calendar(folder, datetime.now(UTC))
    [anna] = require(folder).accounts
    assert [feed.file for feed in anna.calendars] == [tmp_path / "agenda.ics"]


@pytest.mark.parametrize(
    "taken",
    [
        [],
        [(NUMBER, play.EXPECTED)],
        [(NUMBER, play.EXPECTED), (NUMBER, play.EXPECTED)],
        [(NUMBER, play.EXPECTED), (NUMBER, play.REMINDER), (NUMBER, play.REMINDER)],
        [(NUMBER, "Boss: something else"), (NUMBER, play.REMINDER)],
        [("+32470000002", play.EXPECTED), (NUMBER, play.REMINDER)],
    ],
)
def test_anything_but_exactly_the_two_expected_texts_is_a_failure(
    tmp_path: Path, taken: list[tuple[str, str]]
) -> None:
    journal = tmp_path / "phone.jsonl"
    lines = [{"did": "taken", "to": to, "text": text} for to, text in taken]
    journal.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"did": "asked"}]))
    with pytest.raises(TocsinError, match="exactly two texts"):
        play._judge(journal)


# ---- the page


class Post:
    """A mailbox that keeps letters, or breaks."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.broken: Exception | None = None

    async def __call__(self, letter: Letter) -> None:
        if self.broken is not None:
            raise self.broken
        compose(letter)
        self.letters.append(letter)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def url(post: Post) -> AsyncIterator[str]:
    page = Page(post)
    listener = Listener(page.application(), "127.0.0.1", 0, remedy="")
    await listener.start()
    page.tell(Scene([], Standing(9, 0, "EUR 5.00", ""), []))
    yield listener.url
    page.hang_up()
    await listener.stop()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


async def test_a_mail_from_the_page_goes_into_the_mailbox(http: Http, url: str, post: Post) -> None:
    body = {"from": "boss@acme.example", "subject": "Spoed: é €", "body": "x"}
    assert (await http.request("POST", f"{url}/mail", json=body, timeout=LONG)).status == 200
    assert [letter.subject for letter in post.letters] == ["Spoed: é €"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from": "boss@acme.example"},
        {"from": "boss@acme.example\r\nBcc: x@y.example", "subject": "x"},
        {"from": "boss@acme.example", "subject": "x\nBcc: y@z.example"},
        {"from": "boss@acme.example", "subject": "x" * 501},
    ],
)
async def test_a_mail_that_cannot_be_written_is_answered_in_words(
    http: Http, url: str, post: Post, body: dict[str, str]
) -> None:
    reply = await http.request("POST", f"{url}/mail", json=body, timeout=LONG)
    assert reply.status == 400
    assert json.loads(reply.body)["problem"]
    assert post.letters == []


async def test_a_mailbox_that_is_gone_does_not_end_the_demo(http: Http, url: str, post: Post) -> None:
    post.broken = ConnectionRefusedError()
    body = {"from": "boss@acme.example", "subject": "x"}
    reply = await http.request("POST", f"{url}/mail", json=body, timeout=LONG)
    assert (reply.status, "ConnectionRefusedError" in reply.body.decode()) == (503, True)


@pytest.mark.parametrize("path", ["/", "/demo.css", "/demo.js", "/look.css", "/draw.js", "/icon.svg", "/scene"])
async def test_the_page_and_what_it_needs_are_served_under_a_strict_policy(http: Http, url: str, path: str) -> None:
    reply = await http.request("GET", url + path, timeout=LONG)
    assert reply.status == 200
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    text = reply.body.decode()
    for inline in (" style=", " onclick=", "<style", "<script>", "javascript:", "innerHTML"):
        assert inline not in text


async def test_a_foreign_page_cannot_send_a_mail(http: Http, url: str, post: Post) -> None:
    body = {"from": "boss@acme.example", "subject": "x"}
    reply = await http.request(
        "POST", f"{url}/mail", json=body, headers={"Sec-Fetch-Site": "cross-site"}, timeout=LONG
    )
    assert (reply.status, post.letters) == (403, [])
