"""What leaves, what comes back, and what becomes of a message whose parts have different luck."""

import asyncio
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.answer import Answer, Outcome
from engine.channels.providers.smpp.driver import SmppProvider
from engine.notification import Lane
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from tests.channels.smpp.rig import SmppRig, until
from tests.contracts.provider import NUMBER, a_message, assert_discreet, send

LONG_TEXT = "spoed " * 60
PARTS = 3


async def send_long(provider: SmppProvider, ref: str = "r1", text: str = LONG_TEXT) -> Answer:
    answer = await provider.send(a_message(text), ref)
    assert_discreet(answer)
    return answer


# ---- out


@pytest.mark.parametrize("segmentation", ["udh", "udh16", "sar", "payload"])
@pytest.mark.parametrize(
    "text", ["hello", "Größe €5 {x}", "spoed ☺", "x" * 400, "€" * 200, "👨‍👩‍👧" * 30, "Ж" * 300], ids=range(7)
)
async def test_every_text_arrives_as_it_was_written(rig: SmppRig, segmentation: str, text: str) -> None:
    answer = await rig.provider(segmentation=segmentation).send(a_message(text), "r1")
    assert answer.outcome is Outcome.ACCEPTED
    assert rig.smsc.texts() == [text]
    assert {part.to for part in rig.smsc.parts} == {NUMBER[1:]}


async def test_two_long_messages_to_one_phone_have_different_references(rig: SmppRig) -> None:
    provider = rig.provider()
    await asyncio.gather(send_long(provider, "r1", "a" * 400), send_long(provider, "r2", "b" * 400))
    assert sorted(rig.smsc.texts()) == ["a" * 400, "b" * 400]


@pytest.mark.parametrize(
    ("sender", "own", "shown"),
    [
        ("+32470000009", {}, "32470000009"),
        ("1234", {}, "1234"),
        ("Tocsin", {}, "Tocsin"),
        ("", {}, ""),
        ("1234", {"sender_ton": 6, "sender_npi": 1}, "1234"),
    ],
)
async def test_the_sender_is_shown_as_it_is_written(rig: SmppRig, sender: str, own: Any, shown: str) -> None:
    await send(rig.provider(sender=sender, **own))
    assert rig.smsc.parts[0].sender == shown


async def test_an_urgent_message_is_marked_where_the_sms_centre_wants_that(rig: SmppRig) -> None:
    urgent = a_message().model_copy(update={"lane": Lane.URGENT})
    await rig.provider(priority=True).send(urgent, "r1")
    await rig.provider(priority=True).send(a_message(), "r2")
    await rig.provider().send(urgent, "r3")
    assert [part.priority for part in rig.smsc.parts] == [1, 0, 0]


async def test_a_message_says_until_when_it_is_worth_something(rig: SmppRig) -> None:
    late = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
    message = a_message().model_copy(update={"not_after": late})
    await rig.provider().send(message, "r1")
    await rig.provider(expiry=False).send(message, "r2")
    assert [part.validity for part in rig.smsc.parts] == ["261122050000000+", ""]


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ("bell \a", NUMBER, Reason.UNFIT),
        ("\x85", NUMBER, Reason.UNFIT),
        ("half \ud83d", NUMBER, Reason.UNFIT),
        ("hello", "112", Reason.BAD_NUMBER),
        ("hello", "+32470\r\n", Reason.BAD_NUMBER),
        ("x" * 153 * 256, NUMBER, Reason.TOO_LONG),
    ],
    ids=["C0", "C1", "half a pair", "short", "injection", "256 parts"],
)
async def test_what_cannot_be_sent_is_refused_before_anything_leaves(
    rig: SmppRig, text: str, number: str, reason: Reason
) -> None:
    answer = await rig.provider().send(a_message(text, number), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, reason)
    assert rig.smsc.binds == []


async def test_what_latin1_lacks_is_refused(rig: SmppRig) -> None:
    provider = rig.provider(charset="latin1")
    answer = await provider.send(a_message("€5"), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.UNFIT)
    assert "U+20AC" in answer.detail
    assert (await provider.send(a_message("Größe"), "r2")).outcome is Outcome.ACCEPTED
    assert (rig.smsc.parts[0].data, rig.smsc.parts[0].coding) == ("Größe".encode("latin-1"), 3)


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (0x0A, Outcome.REFUSED, Reason.PROVIDER_REFUSED),
        (0x51, Outcome.REFUSED, Reason.BAD_NUMBER),
        (0x64, Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE),
        (0xFF, Outcome.UNKNOWN, Reason.NO_ANSWER),
        (0x0402, Outcome.UNKNOWN, Reason.NO_ANSWER),
        (0x0403, Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (0x45, Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE),
    ],
)
async def test_a_status_means_what_the_standard_or_the_operator_says(
    rig: SmppRig, status: int, outcome: Outcome, reason: Reason
) -> None:
    rig.smsc.status = status
    answer = await send(rig.provider(statuses={"0x0403": "busy", "69": "retry"}))
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert f"0x{status:04X}" in answer.detail


async def test_throttling_closes_the_window_for_a_while_and_halves_it(rig: SmppRig) -> None:
    rig.slow_down = timedelta(milliseconds=200)
    provider = rig.provider(window=8)
    rig.smsc.next.append({"do": "refuse", "status": 0x58})
    first = await send(provider, "r0")
    assert (first.outcome, first.retry_after) == (Outcome.NOT_TAKEN, rig.slow_down)
    began = asyncio.get_running_loop().time()
    answers = await asyncio.gather(*(send(provider, f"r{n}") for n in range(1, 20)))
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}  # they waited instead of hearing it too
    assert asyncio.get_running_loop().time() - began >= 0.19
    assert rig.smsc.most_in_flight <= 8


async def test_no_more_are_in_the_air_than_the_window_allows(rig: SmppRig) -> None:
    rig.smsc.delay = 0.005
    provider = rig.provider(window=4)
    await asyncio.gather(*(send(provider, f"r{n}") for n in range(40)))
    assert rig.smsc.most_in_flight == 4


async def test_a_message_that_finds_no_room_in_time_is_certainly_not_taken(rig: SmppRig) -> None:
    rig.smsc.next.append({"do": "silent"})
    provider = rig.provider(window=1, timeout=timedelta(seconds=1))
    first, second = await asyncio.gather(send(provider, "r1"), send(provider, "r2"))
    assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.NOT_TAKEN)
    assert rig.taken() == ["r1"]
    assert (await send(provider, "r3")).outcome is Outcome.ACCEPTED  # who gave up makes room


# ---- a message of several parts


async def test_the_first_part_decides_alone(rig: SmppRig) -> None:
    for status, outcome in ((0x0B, Outcome.REFUSED), (0x58, Outcome.NOT_TAKEN), (0x08, Outcome.UNKNOWN)):
        rig.smsc.next.append({"do": "refuse", "status": status})
        assert (await send_long(rig.provider(slow_down=timedelta(seconds=1)))).outcome is outcome
    assert rig.taken() == []


async def test_a_later_part_that_is_throttled_is_sent_again_alone(rig: SmppRig) -> None:
    rig.smsc.next += [{"do": "take"}, {"do": "refuse", "status": 0x58}]
    answer = await send_long(rig.provider(slow_down=timedelta(seconds=1)))
    assert answer.outcome is Outcome.ACCEPTED
    assert rig.smsc.texts() == [LONG_TEXT]
    assert len(rig.smsc.parts) == PARTS


@pytest.mark.parametrize(
    ("how", "outcome", "words"),
    [
        ({"do": "refuse", "status": 0x45}, Outcome.REFUSED, "2 of 3 parts were taken; SMPP status 0x0045"),
        ({"do": "garbage"}, Outcome.UNKNOWN, "2 of 3 parts were taken"),
        ({"do": "silent"}, Outcome.UNKNOWN, "2 of 3 parts were taken"),
    ],
    ids=["refused", "garbage", "silence"],
)
async def test_a_message_taken_in_part_is_never_tried_again_as_a_whole(
    rig: SmppRig, how: dict[str, Any], outcome: Outcome, words: str
) -> None:
    rig.smsc.next += [{"do": "take"}, how]
    answer = await send_long(rig.provider(timeout=timedelta(seconds=1)))
    assert (answer.outcome, answer.detail) == (outcome, words)


async def test_a_part_that_stays_throttled_ends_the_message(rig: SmppRig) -> None:
    rig.smsc.next += [{"do": "take"}, *[{"do": "refuse", "status": 0x58}] * 50]
    answer = await send_long(rig.provider(timeout=timedelta(seconds=2), slow_down=timedelta(seconds=1)))
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_REFUSED)
    assert len(rig.smsc.parts) == 1


# ---- reports


def of(reports: list[DeliveryReport]) -> list[tuple[str, str, Fate]]:
    return [(each.client_ref, each.provider_ref, each.fate) for each in reports]


@pytest.mark.parametrize("early", [False, True])
async def test_the_report_of_a_message_names_it(rig: SmppRig, early: bool) -> None:
    rig.smsc.final, rig.smsc.early = "DELIVRD", early
    answer = await send(await rig.listening())
    await until(lambda: rig.reports)
    # Before its answer a message has only the SMS centre's name; the store keeps the report until the answer.
    assert of(rig.reports) == [("" if early else "r1", answer.provider_ref, Fate.DELIVERED)]
    await until(lambda: rig.smsc.acknowledged == [0])


async def test_a_report_that_comes_as_data_sm_names_its_message(rig: SmppRig) -> None:
    answer = await send(await rig.listening())
    [part] = rig.smsc.parts
    tlvs = struct.pack(">HH", 0x1E, len(answer.provider_ref) + 1) + answer.provider_ref.encode() + b"\0"
    rig.smsc.deliver_data(part.to, part.sender, b"", esm=4, tlvs=tlvs + struct.pack(">HHB", 0x0427, 1, 2))
    await until(lambda: rig.reports)
    assert of(rig.reports) == [("r1", answer.provider_ref, Fate.DELIVERED)]
    await until(lambda: rig.smsc.acknowledged == [0])


async def test_two_thousand_reports_each_find_their_message(rig: SmppRig) -> None:
    rig.smsc.final = "DELIVRD"
    provider = await rig.listening(window=20)
    answers = await asyncio.gather(*(send(provider, f"r{n}") for n in range(2_000)))
    await until(lambda: len(rig.reports) == 2_000)
    assert {each.client_ref: each.provider_ref for each in rig.reports} == {
        f"r{n}": answer.provider_ref for n, answer in enumerate(answers)
    }


async def test_the_parts_of_a_message_have_one_report(rig: SmppRig) -> None:
    answer = await send_long(await rig.listening())
    first, second, third = rig.smsc.parts
    rig.smsc.report(third, "DELIVRD")
    rig.smsc.report(first, "DELIVRD")
    await until(lambda: rig.smsc.acknowledged == [0, 0])
    assert rig.reports == []
    rig.smsc.report(second, "DELIVRD")
    await until(lambda: rig.reports)
    [report] = rig.reports
    assert (report.client_ref, report.fate) == ("r1", Fate.DELIVERED)
    assert answer.provider_ref == third.id


async def test_one_part_that_fails_is_the_failure_of_the_message(rig: SmppRig) -> None:
    await send_long(await rig.listening())
    for part, final in zip(rig.smsc.parts, ("DELIVRD", "UNDELIV", "DELIVRD"), strict=True):
        rig.smsc.report(part, final)
    await until(lambda: len(rig.smsc.acknowledged) == PARTS)
    assert {(each.client_ref, each.fate) for each in rig.reports} == {("r1", Fate.UNDELIVERED)}


async def test_a_report_that_cannot_be_kept_is_not_acknowledged(rig: SmppRig) -> None:
    provider = rig.provider()
    kept: list[DeliveryReport] = []
    broken = True

    async def publish(reports: Any) -> None:
        if broken:
            raise OSError("the stream is away")
        kept.extend(reports)

    await provider.listen(publish)
    await send(provider)
    rig.smsc.report(rig.smsc.parts[0], "DELIVRD")
    await until(lambda: rig.smsc.acknowledged == [0x64])  # a fault of ours that passes: bring it again
    broken = False
    rig.smsc.report(rig.smsc.parts[0], "DELIVRD")
    await until(lambda: rig.smsc.acknowledged == [0x64, 0])
    assert of(kept) == [("r1", rig.smsc.parts[0].id, Fate.DELIVERED)]


async def test_an_answer_that_comes_too_late_still_proves_that_it_was_taken(rig: SmppRig) -> None:
    rig.smsc.next.append({"do": "late", "seconds": 0.4})
    provider = await rig.listening(timeout=timedelta(milliseconds=200))
    assert (await send(provider)).outcome is Outcome.UNKNOWN
    await until(lambda: rig.reports)
    rig.smsc.report(rig.smsc.parts[0], "DELIVRD")
    await until(lambda: len(rig.reports) == 2)
    id = rig.smsc.parts[0].id
    assert of(rig.reports) == [("r1", id, Fate.SENT), ("r1", id, Fate.DELIVERED)]


async def test_after_a_restart_a_report_speaks_under_the_sms_centre_s_id(rig: SmppRig) -> None:
    answer = await send(rig.provider())
    await rig.listening()
    await until(lambda: len(rig.smsc.binds) == 2)
    rig.smsc.report(rig.smsc.parts[0], "DELIVRD")
    await until(lambda: rig.reports)
    assert of(rig.reports) == [("", answer.provider_ref, Fate.DELIVERED)]


async def test_ids_in_decimal_find_their_message(rig: SmppRig) -> None:
    rig.smsc.final, rig.smsc.spell = "DELIVRD", lambda part: str(int(part.id, 16))
    answer = await send(await rig.listening(message_ids="hex_then_decimal"))
    await until(lambda: rig.reports)
    assert of(rig.reports) == [("r1", answer.provider_ref, Fate.DELIVERED)]


async def test_who_only_sends_is_brought_nothing(rig: SmppRig) -> None:
    await send(rig.provider())
    await rig.listening()
    await until(lambda: len(rig.smsc.binds) == 2)
    assert rig.smsc.binds == [0x02, 0x09]  # transmitter · transceiver
