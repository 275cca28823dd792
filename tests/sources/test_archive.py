"""Mail in files: an mbox, a Maildir, one mail."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.sources import archive
from engine.sources.archive import read_event, read_events, scan_maildir, scan_mbox

FIRST = b"Received: from a by b; Mon, 12 Jan 2026 09:00:00 +0100\nSubject: one\nFrom: a@x.example\n\nHello\n"
SECOND = b"Date: Sun, 11 Jan 2026 09:00:00 +0000\nSubject: two\n\n>From here on it is quoted\nFrom x, no blank line\n"


def an_mbox(path: Path, *mails: bytes, end: bytes = b"\n") -> Path:
    """The mails under each other, each under its line."""
    path.write_bytes(b"".join(b"From me@x.example Mon Jan  5 10:00:00 2026\n" + mail + end for mail in mails))
    return path


def test_the_mails_of_an_mbox_come_by_time_with_their_quotes_taken_off(tmp_path: Path) -> None:
    found = list(read_events(scan_mbox(an_mbox(tmp_path / "m", FIRST, SECOND)), "anna"))
    assert [mail.subject for mail in found] == ["two", "one"]
    assert found[0].text.splitlines()[0] == "From here on it is quoted"
    assert found[1].arrived_at == datetime(2026, 1, 12, 8, tzinfo=UTC)


def test_a_line_in_a_text_is_no_new_mail(tmp_path: Path) -> None:
    text = b"Subject: a\n\nDear all,\n\nFrom now on we meet\nFrom a@b Mon Jan  5 10:00:00 2026\n"
    assert len(scan_mbox(an_mbox(tmp_path / "m", text))) == 1


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    mails = [mail.replace(b"\n", b"\r\n") for mail in (FIRST, SECOND)]
    path = an_mbox(tmp_path / "m", *mails, end=b"\r\n")
    path.write_bytes(path.read_bytes().replace(b" 2026\nReceived", b" 2026\r\nReceived"))
    assert [mail.subject for mail in read_events(scan_mbox(path), "anna")] == ["two", "one"]


@pytest.mark.parametrize("chunk", [1, 7, 61, 700, 1 << 20])
def test_a_mail_is_found_wherever_the_pieces_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(archive, "_CHUNK", chunk)
    path = an_mbox(tmp_path / "m", *([FIRST, SECOND] * 20))
    entries = scan_mbox(path)
    assert sum(entry.length for entry in entries) == path.stat().st_size
    assert len(entries) == 40
    assert sorted(mail.subject for mail in read_events(entries, "anna")) == ["one"] * 20 + ["two"] * 20


def test_a_mail_without_a_date_has_that_of_its_line(tmp_path: Path) -> None:
    (only,) = read_events(scan_mbox(an_mbox(tmp_path / "m", b"Subject: x\n\ny\n")), "anna")
    assert only.arrived_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_a_maildir_is_read_where_it_is_cur_and_new(tmp_path: Path) -> None:
    for name, mail in (("cur/1:2,S", FIRST), ("new/2", SECOND), ("tmp/3", FIRST)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(mail)
    entries = scan_maildir(tmp_path)
    assert [mail.subject for mail in read_events(entries, "anna")] == ["two", "one"]
    Path(entries[0].file).unlink()
    assert [mail.subject for mail in read_events(entries, "anna")] == ["one"]


def test_what_is_not_there_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no Maildir"):
        scan_maildir(tmp_path)
    with pytest.raises(SourceError, match="cannot be read"):
        scan_mbox(tmp_path / "nothing.mbox")


def test_an_empty_file_holds_no_mail(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"")
    assert scan_mbox(tmp_path / "m") == []


def test_only_so_much_of_a_large_mail_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 2000)
    (mail,) = read_events(scan_mbox(an_mbox(tmp_path / "m", FIRST + b"x\n" * 5000)), "anna")
    assert mail.size > 10_000
    assert mail.truncated
    assert len(mail.text) < 2000


def test_one_mail_is_an_event_of_its_account() -> None:
    mail = read_event(FIRST, "anna", number=4, trusted=("mx.example",))
    assert (mail.account, mail.uid, mail.subject, mail.trusted) == ("anna", 4, "one", ("mx.example",))
    assert mail.arrived_at == datetime(2026, 1, 12, 8, tzinfo=UTC)


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"From ", b"Date: Mon, 99 Foo 99999\n\n", b"Received: ;\n\n"])
def test_nonsense_is_a_mail_too(raw: bytes) -> None:
    assert read_event(raw, "anna").account == "anna"
