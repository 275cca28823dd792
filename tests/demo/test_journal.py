"""The journal is the truth: what it says was taken was taken, whatever happened to the phone since."""

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from engine.demo import journal as module
from engine.demo.journal import Did, Journal


async def test_lines_stand_in_the_order_in_which_they_were_composed_and_keep_counting(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path)
    await asyncio.gather(*(journal.append(Did.TAKEN, ref=f"r{n}") for n in range(50)))
    await journal.close()
    again = Journal(path)
    assert [(line.seq, line.ref) for line in again.lines] == [(n + 1, f"r{n}") for n in range(50)]
    await again.append(Did.ASKED)
    await again.close()
    assert json.loads(path.read_text().splitlines()[-1])["seq"] == 51


async def test_a_line_is_on_the_disk_before_its_writer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    path = tmp_path / "j.jsonl"

    def fsync(_file: int) -> None:
        synced.append(path.read_bytes())

    monkeypatch.setattr(module.os, "fsync", fsync)
    journal = Journal(path)
    await journal.append(Did.TAKEN, ref="r1")
    assert b'"ref":"r1"' in synced[-1]
    await journal.close()


async def test_lines_that_arrive_together_share_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs: list[int] = []
    monkeypatch.setattr(module.os, "fsync", syncs.append)
    journal = Journal(tmp_path / "j.jsonl")
    await asyncio.gather(*(journal.append(Did.TAKEN, ref=f"r{n}") for n in range(100)))
    await journal.close()
    assert len(syncs) < 10


async def test_a_torn_last_line_is_cut_off_because_nobody_was_answered_for_it(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = Journal(path)
    await journal.append(Did.TAKEN, ref="r1")
    await journal.close()
    whole = path.read_bytes()
    for torn in (b'{"seq":2,"at":"20', b"\n"[:0] + b"{", whole[:-1]):
        path.write_bytes(whole + torn)
        again = Journal(path)
        assert [line.ref for line in again.lines] == ["r1"]
        await again.close()
        assert path.read_bytes() == whole


async def test_a_file_that_holds_only_a_torn_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"seq":1')
    journal = Journal(path)
    assert journal.lines == []
    await journal.append(Did.TAKEN, ref="r1")
    await journal.close()
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [1]


async def test_two_phones_cannot_write_to_one_journal(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.jsonl")
    with pytest.raises(BlockingIOError):
        Journal(tmp_path / "j.jsonl")
    await first.close()


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk\neggs\n")
    with pytest.raises(ValueError, match="Line"):
        Journal(path)
    assert path.read_text() == "milk\neggs\n"


async def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        journal = Journal(tmp_path / "j.jsonl")
    finally:
        os.umask(old)
    await journal.close()
    assert stat.S_IMODE((tmp_path / "j.jsonl").stat().st_mode) == 0o600
