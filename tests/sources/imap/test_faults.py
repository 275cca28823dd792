"""The watcher against a server that does what real ones do on bad days."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import StoreError, StreamError
from engine.position import Position
from engine.sources.imap.office import Office
from engine.sources.imap.watcher import State, Watcher, Watching, source_key
from tests.servers.letters import letter
from tests.servers.scripted import Peer, ScriptedServer
from tests.sources.imap.conftest import HURRY, Ledger, Watch, until


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


async def test_a_mail_announced_only_inside_the_answer_to_search_is_told(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async def slip_in(peer: Peer, tag: bytes, _: str) -> bool:
        if ledger.events and len(server.inbox.letters) == 1:
            server.put(letter("Hidden"), announce=False)
        return False

    server.scripts["UID SEARCH"] = slip_in
    async with watch(server.mailbox("u")) as watcher:
        server.put(letter("Seen"))
        await ledger.told(2)
    assert ledger.subjects == ["Seen", "Hidden"]
    assert watcher.watching.hidden == 1


async def test_news_that_is_buffered_when_idle_begins_is_heard(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async def answer_in_one_piece(peer: Peer, tag: bytes, _: str) -> bool:
        if server.inbox.letters:
            return False
        server.put(letter("With the plus"), announce=False)
        peer.idle_tag, peer.view = tag, list(server.inbox.letters)
        peer.say(b"* OK hold on\r\n+ idling\r\n* 1 EXISTS\r\n")
        return True

    server.scripts["IDLE"] = answer_in_one_piece
    async with watch(server.mailbox("u"), settled=False):
        await ledger.told(1)
    assert ledger.subjects == ["With the plus"]


async def test_lines_before_the_plus_do_not_disturb_idle(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async def chat_first(peer: Peer, tag: bytes, _: str) -> bool:
        peer.say(b"* 3 FETCH (FLAGS (\\Seen))\r\n* OK still here\r\n")
        return False

    server.scripts["IDLE"] = chat_first
    async with watch(server.mailbox("u")) as watcher:
        server.put(letter("One"))
        await ledger.told(1)
        assert watcher.watching.reconnects == 0


async def test_a_line_that_comes_in_pieces_is_put_together(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u")) as watcher:
        (peer,) = server.idlers()
        server.put(letter("Slowly"), announce=False)
        for piece in (b"* ", b"1 EX", b"ISTS", b"\r", b"\n"):
            peer.say(piece)
            await asyncio.sleep(0.02)
        await ledger.told(1)
        assert watcher.watching.reconnects == 0


async def test_keep_alives_and_flags_do_not_end_the_idling(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u")) as watcher:
        (peer,) = server.idlers()
        before = watcher.watching.heard_at
        for _ in range(50):
            peer.say(b"* OK Still here\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 2 EXPUNGE\r\n")
        await until(lambda: watcher.watching.heard_at != before)
        server.put(letter("News"))
        await ledger.told(1)
        assert len(server.heard("IDLE")) <= 3


@pytest.mark.parametrize("how", ["end", "bye", "nonsense"])
async def test_a_connection_that_ends_is_made_anew(
    how: str, server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u")) as watcher:
        (peer,) = server.idlers()
        if how == "bye":
            peer.say(b"* BYE session state is inconsistent\r\n")
        elif how == "nonsense":
            peer.say(b"\x00\xff?!\r\n")
        if how != "nonsense":
            server.drop()
        server.put(letter("Meanwhile"), announce=False)
        await ledger.told(1)
        assert watcher.watching.reconnects >= 1
    assert ledger.subjects == ["Meanwhile"]


async def test_a_server_without_idle_is_asked_now_and_then(watch: Watch, ledger: Ledger) -> None:
    async with ScriptedServer("IMAP4rev1") as server, watch(server.mailbox("u", poll="0s")) as watcher:
        assert watcher.watching.state is State.POLLING
        server.put(letter("Found"))
        await ledger.told(1)
        assert server.heard("EXAMINE")
        assert not server.heard("IDLE")
        assert not server.heard("NOOP")


async def test_a_server_that_refuses_idle_is_asked_now_and_then(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async def refuse(peer: Peer, tag: bytes, _: str) -> bool:
        peer.say(tag + b" NO not today\r\n")
        return True

    server.scripts["IDLE"] = refuse
    async with watch(server.mailbox("u", poll="0s")) as watcher:
        server.put(letter("Found"))
        await ledger.told(1)
        assert watcher.watching.reconnects == 0
        assert len(server.heard("IDLE")) == 1


async def test_a_silent_death_is_found_by_the_refresh(ledger: Ledger, watch: Watch) -> None:
    office = Office(pace=replace(HURRY, connect=3, read=0.2))
    async with ScriptedServer() as server, watch(server.mailbox("u", refresh="1s"), settled=False, office=office):
        await until(lambda: len(server.heard("IDLE")) > 1)
        server.frozen = True
        await until(lambda: len(server.peers) > 1)
        server.frozen = False
        server.put(letter("Awake"))
        await ledger.told(1)
    await office.close()


async def test_a_folder_numbered_anew_tells_what_is_new_and_nothing_twice(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    old, now = datetime.now(UTC) - timedelta(days=9), datetime.now(UTC)
    server.put(letter("Ancient", message_id="<0@x>"), arrived_at=old)
    async with watch(server.mailbox("u")):
        server.put(letter("One", message_id="<1@x>"), arrived_at=now - timedelta(seconds=5))
        server.put(letter("Two", message_id="<2@x>"), arrived_at=now - timedelta(seconds=4))
        await ledger.told(2)
        letters = server.inbox.letters
        server.inbox.letters, server.inbox.uidnext, server.inbox.uidvalidity = [], 500, 8
        for each in letters:
            server.put(each.raw, arrived_at=each.arrived_at, announce=False)
        server.put(letter("Three", message_id="<3@x>"), arrived_at=now, announce=False)
        server.drop()
        await ledger.told(3)
        await until(lambda: bool(server.idlers()))
        server.put(letter("Four"))
        await ledger.told(4)
    assert ledger.subjects == ["One", "Two", "Three", "Four"]
    assert {event.uidvalidity for event in ledger.events} == {7, 8}
    (position,) = ledger.positions.values()
    assert (position.uidvalidity, position.last_uid) == (8, 504)


async def test_a_renumbering_is_no_flood(server: ScriptedServer, watch: Watch, ledger: Ledger) -> None:
    mailbox = server.mailbox("u")
    ledger.positions[source_key("anna", mailbox, "INBOX")] = Position(
        uidvalidity=3, last_uid=9, newest_at=datetime.now(UTC) - timedelta(minutes=1)
    )
    for number in range(260):
        server.put(letter(f"{number}"), announce=False)
    async with watch(mailbox) as watcher:
        assert ledger.subjects == [f"{number}" for number in range(60, 260)]
        assert watcher.watching.skipped == 60


async def test_an_empty_folder_may_change_its_number_at_every_look(watch: Watch, ledger: Ledger) -> None:
    """Courier does so, and does not say UIDNEXT either."""
    async with ScriptedServer() as server:
        server.inbox.tells_uidnext = False
        async with watch(server.mailbox("u")):
            for number in (8, 9):
                server.inbox.uidvalidity = number
                server.drop()
                await until(lambda: bool(server.idlers()))
            server.inbox.uidvalidity = 10
            server.put(letter("First"), announce=False)
            server.drop()
            await ledger.told(1)
            await until(lambda: bool(server.idlers()))
            server.put(letter("Second"))
            await ledger.told(2)
    assert ledger.subjects == ["First", "Second"]


async def test_the_first_position_is_kept_before_idle_begins(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    kept: list[bool] = []

    async def look(peer: Peer, tag: bytes, _: str) -> bool:
        kept.append(bool(ledger.positions))
        return False

    server.scripts["IDLE"] = look
    server.put(letter("Old"))
    async with watch(server.mailbox("u")):
        pass
    assert kept[0] is True
    assert [position.last_uid for position in ledger.positions.values()] == [1]
    assert ledger.events == []


async def test_the_position_moves_only_after_the_events_are_told(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u")):
        server.put(letter("One"))
        await until(lambda: "position 1" in ledger.order)
        server.put(letter("Two"))
        await until(lambda: "position 2" in ledger.order)
    assert ledger.order == ["position 0", "event 1", "position 1", "event 2", "position 2"]


async def test_while_the_stream_is_down_the_mail_waits(server: ScriptedServer, watch: Watch, ledger: Ledger) -> None:
    states: list[str] = []

    def note(watching: Watching) -> None:
        states.append(watching.state)

    async with watch(server.mailbox("u"), on_state=note):
        ledger.fail_emit = [StreamError("no broker"), StreamError("no broker")]
        server.put(letter("One"))
        await until(lambda: "position 1" in ledger.order)
    assert ledger.subjects == ["One"]
    assert State.STREAM_DOWN in states
    assert ledger.order == ["position 0", "event 1", "position 1"]


async def test_a_position_that_cannot_be_kept_has_the_events_told_again_under_the_same_ids(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async with watch(server.mailbox("u")):
        ledger.fail_save = [StoreError("disk full")]
        server.put(letter("One"))
        await until(lambda: "position 1" in ledger.order)
    assert ledger.subjects == ["One", "One"]
    assert len({event.id for event in ledger.events}) == 1


async def test_a_missing_folder_is_looked_for_again(server: ScriptedServer, watch: Watch, ledger: Ledger) -> None:
    async with watch(server.mailbox("u"), "Alerts", settled=False) as watcher:
        await until(lambda: watcher.watching.state is State.FOLDER_MISSING)
        assert "Alerts" in watcher.watching.error
        server.boxes["Alerts"] = type(server.inbox)()
        await until(lambda: watcher.watching.watched)
        server.put(letter("Here"), folder="Alerts")
        await ledger.told(1)


async def test_a_server_that_is_away_is_tried_again(watch: Watch, ledger: Ledger) -> None:
    server = ScriptedServer()
    async with server:
        pass
    async with watch(server.mailbox("u"), settled=False) as watcher:
        await until(lambda: watcher.watching.state is State.BACKING_OFF)
        assert f"127.0.0.1:{server.port}" in watcher.watching.error
        async with server:
            await until(lambda: watcher.watching.watched)
            server.put(letter("Back"))
            await ledger.told(1)


async def test_a_mail_that_is_gone_when_asked_for_is_asked_for_once_more_and_passed_over(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async def expunge(peer: Peer, tag: bytes, _: str) -> bool:
        server.inbox.letters = [each for each in server.inbox.letters if each.uid != 2]
        return False

    async with watch(server.mailbox("u")) as watcher:
        server.scripts["UID FETCH"] = expunge
        for name in ("One", "Two", "Three"):
            server.put(letter(name), announce=False)
        server.announce(server.inbox)
        await until(lambda: "position 3" in ledger.order)
    assert ledger.subjects == ["One", "Three"]
    assert watcher.watching.gaps == 1
    assert sum("UID FETCH 2 " in command for command in server.heard("UID FETCH")) == 2


async def test_a_mail_that_comes_late_into_view_is_told_after_the_second_question(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    asked: list[str] = []

    async def hide_once(peer: Peer, tag: bytes, wish: str) -> bool:
        asked.append(wish)
        if len(asked) > 1:
            return False
        peer.say(tag + b" OK nothing there yet\r\n")
        return True

    async with watch(server.mailbox("u")) as watcher:
        server.scripts["UID FETCH"] = hide_once
        server.put(letter("Lagging"))
        await ledger.told(1)
        assert watcher.watching.gaps == 0


async def test_flags_of_another_mail_with_this_number_are_no_mail(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    """An untagged FETCH for sequence number 1 has no UID and must not pass for the mail with UID 1."""

    async def mix_in(peer: Peer, tag: bytes, _: str) -> bool:
        server.inbox.letters.clear()
        peer.say(b"* 1 FETCH (FLAGS (\\Seen))\r\n")
        return False

    async with watch(server.mailbox("u")):
        server.scripts["UID FETCH"] = mix_in
        server.put(letter("Removed"))
        await until(lambda: "position 1" in ledger.order)
    assert ledger.events == []


@pytest.mark.parametrize("how", ["hang up", "refuse", "talk nonsense", "send too much"])
async def test_a_poisoned_mail_is_told_with_what_is_known_and_blocks_nobody(
    how: str, server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    async def choke(peer: Peer, tag: bytes, wish: str) -> bool:
        numbers, _, items = wish.partition(" ")
        if "3" not in numbers.split(",") or "BODY" not in items:
            return False
        if how == "hang up":
            peer.writer.transport.abort()
        elif how == "refuse":
            peer.say(tag + b" NO [SERVERBUG] Internal error occurred\r\n")
        elif how == "talk nonsense":
            peer.say(b"* 3 FETCH (UID 3 RFC822.SIZE 1 BODY[] (((\r\n" + tag + b" OK done\r\n")
        else:
            peer.say(b"* 3 FETCH (UID 3 BODY[]<0> {90000000}\r\n")
        return True

    server.scripts["UID FETCH"] = choke
    async with watch(server.mailbox("u")) as watcher:
        for number in range(1, 6):
            server.put(letter(f"Mail {number}"), announce=False)
        server.announce(server.inbox)
        await ledger.told(5)
        await until(lambda: "position 5" in ledger.order)
    subjects = {event.uid: event.subject for event in ledger.events}
    assert subjects == {1: "Mail 1", 2: "Mail 2", 3: "", 4: "Mail 4", 5: "Mail 5"}
    poisoned = next(event for event in ledger.events if event.uid == 3)
    assert poisoned.headers == ()
    assert poisoned.size == len(server.inbox.letters[2].raw)
    assert len(ledger.events) == len({event.id for event in ledger.events}) == 5
    assert watcher.watching.watched is False  # it has stopped by now


async def test_of_a_mail_of_fifty_megabytes_only_the_beginning_is_fetched(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    head = letter("Huge", "The words.").replace(b"\r\n\r\n", b"\r\n\r\n", 1)
    server.put(head + b"0123456789\r\n" * (50 * 1024 * 1024 // 12))
    async with watch(server.mailbox("u", start="unseen")):
        (event,) = await ledger.told(1)
    assert event.subject == "Huge"
    assert event.text.startswith("The words.")
    assert event.truncated is True
    assert event.size > 50 * 1024 * 1024
    assert sum(peer.sent for peer in server.peers) < 400 * 1024


async def test_the_text_behind_a_large_attachment_is_fetched_by_its_section(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    raw = (
        b"Subject: Behind\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJD\r\n" * 20_000
        + b"--x\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n--x--\r\n"
    )
    structure = (
        b'BODYSTRUCTURE (("application" "pdf" ("name" "a.pdf") NIL NIL "base64" 120000 NIL '
        b'("attachment" ("filename" "a.pdf")) NIL NIL)("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 13 1 '
        b'NIL NIL NIL NIL) "mixed" ("boundary" "x") NIL NIL NIL)'
    )
    rows = {"BODYSTRUCTURE": structure, "BODY.PEEK[2]<0.131072>": b"BODY[2]<0> {13}\r\nHere it is.\r\n"}
    server.put(raw, rows=rows)
    async with watch(server.mailbox("u", start="unseen")):
        (event,) = await ledger.told(1)
    assert event.text == "Here it is."
    assert event.truncated is False
    assert [(each.name, each.media_type, each.section) for each in event.attachments] == [
        ("a.pdf", "application/pdf", "1")
    ]


async def test_a_broken_bodystructure_leaves_what_the_beginning_says(
    server: ScriptedServer, watch: Watch, ledger: Ledger
) -> None:
    server.put(letter("Large", "word " * 30_000), rows={"BODYSTRUCTURE": b"BODYSTRUCTURE (((NIL"})
    async with watch(server.mailbox("u", start="unseen")) as watcher:
        (event,) = await ledger.told(1)
        assert watcher.watching.reconnects == 0
    assert event.subject == "Large"
    assert event.text.startswith("word word")
    assert event.truncated is True


async def test_a_server_that_accepts_and_drops_is_met_with_ever_longer_waits(watch: Watch) -> None:
    ceilings: list[float] = []
    async with ScriptedServer() as server:
        server.greeting = b"* BYE too many connections\r\n"
        office = Office(pace=HURRY)
        ledger = Ledger()

        def jitter(ceiling: float) -> float:
            ceilings.append(ceiling)
            return 0.0

        watcher = Watcher(
            "anna",
            server.mailbox("u"),
            "INBOX",
            positions=ledger,
            emit=ledger.emit,
            office=office,
            clock=lambda: datetime.now(UTC),
            jitter=jitter,
        )
        task = asyncio.create_task(watcher.run())
        await until(lambda: len(ceilings) >= 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await office.close()
    assert ceilings[:4] == [2.0, 3.4, pytest.approx(5.78), pytest.approx(9.826)]


async def test_connections_that_break_again_and_again_lose_nothing(
    server: ScriptedServer, watch: Watch, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with watch(server.mailbox("u")):
        for number in range(10):
            server.put(letter(f"{number}"), announce=False)
            server.drop()
            await ledger.told(number + 1)
            await until(lambda: bool(server.idlers()))
    assert ledger.subjects == [f"{number}" for number in range(10)]
    assert "secret" not in caplog.text


async def test_a_cancelled_watcher_frees_its_thread_though_the_server_says_nothing(
    server: ScriptedServer, office: Office, watch: Watch
) -> None:
    async with watch(server.mailbox("u")):
        server.frozen = True
        server.idlers()[0].say(b"* 1 EXISTS\r\n")
        await asyncio.sleep(0.05)
    async with asyncio.timeout(30):
        await office.close()
