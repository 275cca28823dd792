"""Receipts of every spelling come to one fate; those of the parts of a message come to one, too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.channels.providers.smpp.following import Following, recognise
from engine.channels.providers.smpp.receipts import Ids, NetworkReceipt, is_receipt, read
from engine.channels.providers.smpp.short_message import Address, ShortMessage
from engine.channels.providers.smpp.tlv import Tag
from engine.reason import Reason
from engine.receipt import Fate

TEXT = b"id:%s sub:001 dlvrd:001 submit date:2611220400 done date:2611220401 stat:%s err:%s text:hello"


def a_receipt(text: bytes = b"", esm_class: int = 4, **parameters: bytes) -> ShortMessage:
    named = {Tag[name.upper()]: value for name, value in parameters.items()}
    return ShortMessage(Address("1"), Address("2"), text, esm_class, parameters=named)


@pytest.mark.parametrize(
    ("stat", "fate", "reason"),
    [
        (b"DELIVRD", Fate.DELIVERED, Reason.DELIVERED),
        (b"delivrd", Fate.DELIVERED, Reason.DELIVERED),
        (b"EXPIRED", Fate.UNDELIVERED, Reason.PHONE_OFF),
        (b"DELETED", Fate.UNDELIVERED, Reason.UNDELIVERED),
        (b"UNDELIV", Fate.UNDELIVERED, Reason.UNDELIVERED),
        (b"REJECTD", Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
        (b"ACCEPTD", Fate.SENT, Reason.ACCEPTED),
        (b"ENROUTE", Fate.SENT, Reason.ACCEPTED),
        (b"UNKNOWN", Fate.SENT, Reason.ACCEPTED),
    ],
)
def test_a_receipt_in_text(stat: bytes, fate: Fate, reason: Reason) -> None:
    found = read(a_receipt(TEXT % (b"0A1B", stat, b"034")))
    assert found == NetworkReceipt("0A1B", fate, reason, f"{stat.decode().upper()} 034")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        (b"ID:7 STAT:DELIVRD", "7"),
        (b"id: 7 stat: DELIVRD", "7"),
        (b"sub:001 id:a-b.c_7 stat:DELIVRD", "a-b.c_7"),
        (b"id:7 stat:DELIVRD text:id:8 stat:UNDELIV", "7"),
    ],
)
def test_the_text_is_read_as_networks_write_it(text: bytes, id: str) -> None:
    found = read(a_receipt(text))
    assert (found.id, found.fate) == (id, Fate.DELIVERED)


@pytest.mark.parametrize(
    ("state", "fate"),
    [
        (b"\x01", Fate.SENT),
        (b"\x02", Fate.DELIVERED),
        (b"\x03", Fate.UNDELIVERED),
        (b"\x05", Fate.UNDELIVERED),
        (b"\x08", Fate.UNDELIVERED),
    ],
)
def test_parameters_count_more_than_the_text(state: bytes, fate: Fate) -> None:
    text = TEXT % (b"other", b"DELIVRD", b"000")
    message = a_receipt(text, esm_class=0, receipted_message_id=b"7\0", message_state=state)
    assert is_receipt(message)
    assert read(message)[:2] == ("7", fate)


@pytest.mark.parametrize(
    ("network", "code", "reason"),
    [
        (3, 27, Reason.PHONE_OFF),
        (3, 1, Reason.BAD_NUMBER),
        (3, 13, Reason.BARRED),
        (3, 11, Reason.UNABLE),
        (3, 999, Reason.UNDELIVERED),
        (8, 27, Reason.UNDELIVERED),  # not GSM: the numbers mean something else
    ],
)
def test_an_error_of_the_network_is_told_in_words_to_act_on(network: int, code: int, reason: Reason) -> None:
    error = bytes([network]) + code.to_bytes(2, "big")
    found = read(a_receipt(receipted_message_id=b"7", message_state=b"\x05", network_error_code=error))
    assert (found.reason, found.words) == (reason, f"UNDELIV {code}")


@pytest.mark.parametrize(
    ("ids", "answer", "receipt"),
    [(Ids.HEX_THEN_DECIMAL, "0001F4a", "8010"), (Ids.DECIMAL_THEN_HEX, "8010", "1f4A"), (Ids.SAME, "x1", "x1")],
)
def test_ids_meet_whichever_way_they_are_written(ids: Ids, answer: str, receipt: str) -> None:
    told = read(a_receipt(TEXT % (receipt.encode(), b"DELIVRD", b"0")), ids)
    named = read(a_receipt(receipted_message_id=answer.encode(), message_state=b"\x02"), ids)
    assert told.id == named.id == ids.in_answer(answer)
    assert ids.in_answer("no number") == "no number"


@pytest.mark.parametrize(
    "message",
    [
        a_receipt(b""),
        a_receipt(b"id: stat:DELIVRD"),
        a_receipt(b"id:7"),
        a_receipt(b"id:7 stat:MAYBE"),
        a_receipt(b"id:" + b"7" * 70 + b" stat:DELIVRD"),
        a_receipt(b"stat:DELIVRD"),
        a_receipt(receipted_message_id=b"\x01", message_state=b"\x02"),
        a_receipt(receipted_message_id=b"7", message_state=b"\x02\x02"),
        a_receipt(receipted_message_id=b"7", message_state=b"\x63"),
    ],
    ids=["nothing", "no id", "no state", "odd state", "long id", "state alone", "control", "long state", "state 99"],
)
def test_a_receipt_without_sense_is_an_error(message: ShortMessage) -> None:
    with pytest.raises(ValueError, match="receipt"):
        read(message)


@given(st.binary(max_size=400), st.dictionaries(st.sampled_from(Tag), st.binary(max_size=80)))
def test_any_bytes_are_a_receipt_or_a_clear_error(text: bytes, parameters: dict[int, bytes]) -> None:
    try:
        found = read(ShortMessage(Address("1"), Address("2"), text, 4, parameters=parameters), Ids.HEX_THEN_DECIMAL)
    except ValueError:
        return
    assert found.id
    assert found.words.isprintable()


# ---- the parts of a message


def told(id: str, fate: Fate = Fate.DELIVERED) -> NetworkReceipt:
    return NetworkReceipt(id, fate, Reason.DELIVERED if fate is Fate.DELIVERED else Reason.UNDELIVERED, "")


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5),
)
def test_one_fate_for_all_parts_in_whatever_order_answers_and_receipts_come(
    parts: list[tuple[bool, int, int]],
) -> None:
    """Each part: whether it arrives, when it is answered, when its receipt comes."""
    following = Following()
    followed = following.begin("r1", len(parts))
    steps = [(answered, "answer", place) for place, (_, answered, _) in enumerate(parts)]
    steps += [(heard, "receipt", place) for place, (_, _, heard) in enumerate(parts)]
    by_ref = []
    for _, what, place in sorted(steps):
        if what == "answer":
            following.name(followed, place, f"id{place}")
        else:
            fate = Fate.DELIVERED if parts[place][0] else Fate.UNDELIVERED
            known = following.hear(told(f"id{place}", fate))
            by_ref += [known.receipt.fate] if known is not None and known.ref == "r1" else []
    final = following.known(followed)
    assert final is not None
    arrived = all(good for good, _, _ in parts)
    assert final.receipt.fate is (Fate.DELIVERED if arrived else Fate.UNDELIVERED)
    assert arrived or Fate.DELIVERED not in by_ref
    # What was told early under the part's own id, and is applied once the answer names it, says the same.
    speaker = int(following.representative(followed).removeprefix("id"))
    assert parts[speaker][0] is arrived


def test_the_part_that_speaks_for_the_others_after_a_restart_is_one_not_heard_yet() -> None:
    following = Following()
    followed = following.begin("r1", 3)
    assert following.hear(told("c")) == ("", "c", told("c"))  # before its answer
    for place, id in enumerate("abc"):
        following.name(followed, place, id)
    assert following.representative(followed) == "b"
    following.hear(told("b", Fate.UNDELIVERED))
    following.hear(told("a"))
    assert following.representative(followed) == "b"  # it failed, and so did the message


def test_an_sms_centre_that_counts_from_the_beginning_again_confuses_nobody() -> None:
    following = Following()
    following.name(following.begin("r1", 1), 0, "1")
    assert following.hear(told("1")) == ("r1", "1", told("1"))
    second = following.begin("r2", 2)
    following.name(second, 0, "1")
    following.name(second, 1, "2")
    assert following.hear(told("2")) is None
    assert following.hear(told("1")) == ("r2", "2", told("2"))


def test_what_is_remembered_has_a_bound() -> None:
    following = Following(most=10)
    for n in range(100):
        following.name(following.begin(f"r{n}", 1), 0, str(n))
        following.hear(told(str(n + 1_000)))
    assert following.hear(told("5")) == ("", "5", told("5"))
    assert following.hear(told("99")) == ("r99", "99", told("99"))
    assert len(following._by_id) == len(following._heard) == 10


REF = f"{'a' * 32}-0"


@pytest.mark.parametrize(
    ("shown", "calls", "fate", "known"),
    [
        (REF, {REF}, Fate.DELIVERED, (REF, Fate.DELIVERED)),
        (REF + "\0", set(), Fate.UNDELIVERED, (REF, Fate.UNDELIVERED)),
        (REF + "/2/3", set(), Fate.DELIVERED, (REF, Fate.SENT)),
        (REF + "/2/3", set(), Fate.UNDELIVERED, (REF, Fate.UNDELIVERED)),
        (REF + "/2/3", {REF}, Fate.DELIVERED, ("", Fate.DELIVERED)),
        ("", set(), Fate.DELIVERED, ("", Fate.DELIVERED)),
        ("' OR 1=1", set(), Fate.DELIVERED, ("", Fate.DELIVERED)),
    ],
    ids=["whole", "no end", "a part arrived", "a part did not", "a part, still in hand", "nothing", "no reference"],
)
def test_after_a_crash_a_receipt_is_known_by_the_reference_that_it_shows(
    shown: str, calls: set[str], fate: Fate, known: tuple[str, Fate]
) -> None:
    unknown = Following().hear(told("m1", fate))
    assert unknown is not None
    found = recognise(unknown, shown.encode(), calls)
    assert (found.ref, found.receipt.fate) == known
