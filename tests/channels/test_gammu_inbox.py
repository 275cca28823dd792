"""What phones send, by the files of gammu-smsd; the daemon itself is in tests/live."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.channels.providers.gammu.driver import GammuProvider, GammuSettings
from engine.channels.providers.gammu.inbox import Inbox, Text
from engine.errors import StreamError
from engine.heard import Heard
from engine.net import Http

JAN = "+32470000077"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def drop(
    folder: Path, content: str | bytes, part: int = 0, stamp: str = "20261121_100400_00", sender: str = JAN
) -> None:
    """As the daemon does with `inboxformat = standard` in a UTF-8 locale."""
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / f"IN{stamp}_{sender}_{part:02}.txt").write_bytes(raw)


def looks(folder: Path) -> list[Text]:
    """What the second look finds."""
    inbox = Inbox("modem", folder)
    assert inbox.look() == []
    return inbox.look()


def texts(folder: Path) -> list[str]:
    return [each.heard.text for each in looks(folder)]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def utf16(text: str, zeros: int = 0) -> bytes:
    return b"\xfe\xff" + text.encode("utf-16-be", "surrogatepass") + bytes(zeros)


def test_a_file_is_a_text_from_its_sender(folder: Path) -> None:
    drop(folder, "Größe € 🙂")
    [text] = looks(folder)
    assert (text.heard.sender, text.heard.recipient, text.heard.text) == (JAN, "", "Größe € 🙂")
    assert JAN not in text.heard.provider_ref


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["one ", "two ", "three"], "one two three"),
        ([utf16("Größe "), utf16("€")], "Größe €"),
        ([b"\xff\xfe" + "little".encode("utf-16-le")], "little"),
        ([utf16("hi", zeros=2), utf16("🙂", zeros=6)], "hi🙂"),
        ([utf16("smile \ud83d"), utf16("\ude42!")], "smile 🙂!"),
        ([utf16("half \ud83d")], "half \ufffd"),
        ([""], ""),
        ([f"{n:02}" for n in range(12)], "000102030405060708091011"),
    ],
    ids=["UTF-8", "UTF-16", "little-endian", "zeros behind", "a pair in two parts", "half a pair", "empty", "twelve"],
)
def test_the_parts_of_a_text_are_joined_in_order(folder: Path, parts: list[str | bytes], expected: str) -> None:
    for n in reversed(range(len(parts))):
        drop(folder, parts[n], n)
    assert texts(folder) == [expected]


def test_two_texts_of_one_second_are_two_and_the_oldest_comes_first(folder: Path) -> None:
    drop(folder, "third", stamp="20261121_100401_00")
    drop(folder, "second", stamp="20261121_100400_01")
    drop(folder, "first", stamp="20261121_100400_00", sender="My_Bank")
    assert texts(folder) == ["first", "second", "third"]


def test_a_text_that_is_still_written_is_waited_for(folder: Path) -> None:
    inbox = Inbox("modem", folder)
    drop(folder, "one ")
    assert inbox.look() == []
    drop(folder, "two", 1)
    assert inbox.look() == []
    drop(folder, "two!!", 1)
    assert inbox.look() == []
    assert [each.heard.text for each in inbox.look()] == ["one two!!"]


def test_what_is_kept_goes_aside_and_a_name_that_comes_again_is_another_text(folder: Path) -> None:
    inbox = Inbox("modem", folder)
    refs = []
    for content in ("one", "two"):
        drop(folder, content)
        inbox.look()
        found = inbox.look()
        refs += [each.heard.provider_ref for each in found]
        inbox.put_away(found)
        assert left(folder) == []
    assert len(set(refs)) == 2
    assert left(folder / "read") == [f"IN20261121_100400_00_{JAN}_00.txt"]


def test_a_text_is_the_same_one_when_it_is_read_again(folder: Path) -> None:
    drop(folder, "one")
    assert looks(folder)[0].heard == looks(folder)[0].heard


def test_a_kill_between_two_moves_leaves_no_half_text_behind(folder: Path) -> None:
    for n in range(3):
        drop(folder, "x", n)
    (folder / "read").mkdir()
    first = folder / f"IN20261121_100400_00_{JAN}_00.txt"
    first.replace(folder / "read" / first.name)
    assert looks(folder) == []
    assert left(folder) == []
    assert len(left(folder / "read")) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"IN20261121_100400_00_{JAN}_00.bin", b"\x00\x01"),
        (f"IN20261121_100400_00_{JAN}_00.txt", b"\xff\x80 no UTF-8"),
        (f"IN20261121_100400_00_{JAN}_00.txt", b"\xfe\xff\x00"),
        (f"IN20261121_100400_00_{JAN}_00.txt", b"; This file format was designed for Gammu and ..."),
        (f"IN20261121_100400_00_{JAN}_00.txt", b"x" * 5000),
        (f"IN20261121_100400_00_{JAN}_01.txt", b"the first part is missing"),
        (f"IN20261121_100400_00_{'9' * 50}_00.txt", b"no phone has that number"),
        ("notes.txt", b"mine"),
    ],
    ids=["8-bit", "Latin-1", "half a character", "detail", "too long", "no first part", "long number", "another's"],
)
def test_what_is_no_text_stays_and_is_told_once_without_the_number(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    (folder / ".draft").write_bytes(b"x")
    drop(folder, "a good one", sender="+32470000088")
    inbox = Inbox("modem", folder)
    found = [each.heard.text for _ in range(4) for each in inbox.look()]
    assert found == ["a good one"] * 3
    assert name in left(folder)
    [record] = caplog.records
    assert (record.levelno, "1 files in inbox" in record.getMessage()) == (logging.WARNING, True)
    assert JAN not in caplog.text


class Ear:
    """Keeps texts, after it has failed as often as it is told."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.heard: list[Heard] = []

    async def hear(self, heard: Sequence[Heard]) -> None:
        if self.fails:
            self.fails -= 1
            raise StreamError("the disk is full")
        self.heard += heard


def a_modem(folder: Path, **settings: str) -> GammuProvider:
    made = GammuProvider("modem", GammuSettings(driver="gammu", folder=folder.parent, **settings), Http(), "")
    made.look = 0.001
    return made


async def publish(*_: object) -> None:
    raise AssertionError("nothing is reported here")


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.005)


async def test_a_file_is_moved_only_once_its_text_is_kept(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    ear, modem = Ear(fails=3), a_modem(folder, inbox="true")
    drop(folder, "STOP")

    async def hear(heard: Sequence[Heard]) -> None:
        assert left(folder)
        await ear.hear(heard)

    await modem.listen(publish, hear)
    await until(lambda: not left(folder))
    await modem.close()
    assert [(each.provider, each.text) for each in ear.heard] == [("modem", "STOP")]
    assert [record.getMessage() for record in caplog.records] == [
        "what phones send through provider modem waits: StreamError"
    ]


async def test_a_text_that_cannot_be_moved_is_kept_once(folder: Path) -> None:
    ear, modem = Ear(), a_modem(folder, inbox="true")
    (folder / "read").write_text("in the way")  # and a file of an unknown form
    drop(folder, "once")
    await modem.listen(publish, ear.hear)
    await until(lambda: bool(ear.heard))
    drop(folder, "two", stamp="20261121_100401_00")
    await until(lambda: len(ear.heard) > 1)
    await modem.close()
    assert [each.text for each in ear.heard] == ["once", "two"]


async def test_a_folder_that_appears_later_is_read_then(folder: Path) -> None:
    ear, modem = Ear(), a_modem(folder, inbox="true")
    folder.rmdir()
    await modem.listen(publish, ear.hear)
    folder.mkdir()
    drop(folder, "hi")
    await until(lambda: bool(ear.heard))
    await modem.close()


async def test_without_the_setting_or_a_reader_the_files_are_left_alone(folder: Path) -> None:
    drop(folder, "hi")
    ear = Ear()
    await a_modem(folder).listen(publish, ear.hear)
    await a_modem(folder, inbox="true").listen(publish)
    assert [task for task in asyncio.all_tasks() if "inbox" in task.get_name()] == []
