"""Parts are counted and cut as the network does, judged by a second count written from the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.segments import Alphabet, count, shorten, split, whole

# 3GPP TS 23.038 6.2.1 as a grid of 8 columns of 16: the column is the high three bits of the septet. Written
# from the standard's table, apart from the product's set. Column 1, row 11 is the escape.
_GRID = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
_SEPTETS = {c: bytes([16 * column + row]) for column, line in enumerate(_GRID) for row, c in enumerate(line)}
del _SEPTETS["\x1b"]
# 6.2.1.1: what follows the escape
_ESCAPED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
_SEPTETS |= {c: bytes([0x1B, code]) for code, c in _ESCAPED.items()}

GSM = "".join(_SEPTETS)
BASIC = "".join(c for c in GSM if len(_SEPTETS[c]) == 1)
EXTENDED = "".join(c for c in GSM if len(_SEPTETS[c]) == 2)


def encode(text: str) -> list[bytes]:
    """Each character as its bytes on the air; UCS-2 characters as UTF-16 code units of two bytes."""
    if all(c in _SEPTETS for c in text):
        return [_SEPTETS[c] for c in text]
    return [c.encode("utf-16-be", "surrogatepass") for c in text]


def reference(text: str) -> tuple[int, int]:
    """(units, parts) by filling parts greedily with whole characters."""
    wide = any(c not in _SEPTETS for c in text)
    width, whole, each = (2, 70, 67) if wide else (1, 160, 153)
    sizes = [len(code) // width for code in encode(text)]
    if sum(sizes) <= whole:
        return sum(sizes), 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > each:
            parts, used = parts + 1, 0
        used += size
    return sum(sizes), parts


gsm_texts = st.text(GSM, max_size=700)
wide_texts = st.text(st.sampled_from("aé€ş漢🙂👨\u200d^~\n"), max_size=300)
any_texts = st.one_of(gsm_texts, wide_texts, st.text(max_size=300))


def test_the_alphabet_of_the_standard_is_128_places_with_one_escape() -> None:
    assert len(BASIC) == 127
    assert len(EXTENDED) == 10


def test_exactly_the_standard_s_characters_are_gsm() -> None:
    gsm = {chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000 and not count(chr(code)).forced_by}
    assert gsm == set(GSM)


@given(any_texts)
def test_the_count_agrees_with_the_second_count(text: str) -> None:
    found = count(text)
    assert (found.units, found.parts) == reference(text)


@given(any_texts)
def test_the_parts_joined_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text


@given(any_texts)
def test_every_part_is_within_its_room_and_as_full_as_can_be(text: str) -> None:
    parts = list(split(text))
    wide = count(text).alphabet is Alphabet.UCS2
    width, whole, each = (2, 70, 67) if wide else (1, 160, 153)
    # the bytes of a part are encoded as the whole text is: an all-Latin part of a wide text stays wide
    codes = dict(zip(text, encode(text), strict=True))
    sizes = [sum(len(codes[c]) // width for c in part) for part in parts]
    room = whole if len(parts) == 1 else each
    assert all(size <= room for size in sizes)
    for index, part in enumerate(parts[1:]):
        assert sizes[index] + len(codes[part[0]]) // width > each


@given(any_texts)
def test_no_pair_is_torn_so_every_part_can_be_read_alone(text: str) -> None:
    for part in split(text):
        alone = b"".join(encode(part))
        if all(c in _SEPTETS for c in part):
            assert not alone.endswith(b"\x1b")
        else:
            assert alone.decode("utf-16-be", "surrogatepass") == part


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("x" * 459, 3),
        ("x" * 460, 4),
        ("€" * 80, 1),
        ("x" * 159 + "€", 2),
        ("x" * 152 + "€" + "x" * 152, 3),  # the escape does not fit into the first part: 152 + 154 + 0
        ("€" * 152, 2),  # 76 pairs a part: one septet of each stays empty
        ("€" * 153, 3),
        ("ş" * 70, 1),
        ("ş" * 71, 2),
        ("ş" * 134, 2),
        ("ş" * 135, 3),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
        ("🙂" * 66, 2),  # 33 pairs a part: one unit of each stays empty
        ("🙂" * 67, 3),
        ("x" * 69 + "ş", 1),
        ("x" * 70 + "ş", 2),
    ],
)
def test_the_boundaries_are_where_the_network_has_them(text: str, parts: int) -> None:
    assert count(text).parts == parts == len(list(split(text)))


@pytest.mark.parametrize(("text", "culprit"), [("abc", ""), ("a’b", "’"), ("a\tb", "\t"), ("prix: 5 € ê", "ê")])
def test_the_character_that_halves_the_room_is_named(text: str, culprit: str) -> None:
    assert count(text).forced_by == culprit


@given(any_texts, st.integers(1, 4))
def test_a_shortened_text_fits_and_is_left_alone_when_it_fitted(text: str, parts: int) -> None:
    short = shorten(text, parts)
    assert count(short).parts <= parts
    if count(text).parts <= parts:
        assert short == text
    else:
        assert short.endswith("...")
        assert text.startswith(short[:-3])


@given(any_texts, st.integers(1, 10), any_texts)
def test_a_shortened_text_fits_with_whatever_stands_behind_it(text: str, parts: int, tail: str) -> None:
    short = shorten(text, parts, tail)
    assert reference(short)[1] <= parts
    assert short.endswith(tail) or reference("..." + tail)[1] > parts


@given(st.one_of(gsm_texts, st.text("aé€ş漢🙂", max_size=300)), st.integers(1, 4), st.text("aş€", max_size=80))
def test_one_character_more_of_a_shortened_text_would_not_fit(text: str, parts: int, tail: str) -> None:
    short = shorten(text, parts, tail)
    if short == text + tail or not short.endswith("..." + tail):
        return
    kept = len(short) - len("..." + tail)
    longer = next((text[:more] for more in range(kept + 1, len(text) + 1) if not text[more - 1].isspace()), "")
    assert not longer or reference(longer + "..." + tail)[1] > parts


def test_a_tail_that_leaves_no_room_is_left_out() -> None:
    assert shorten("x" * 200, 1, "y" * 158) == "x" * 157 + "..."


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("abc", 2, "ab"),
        ("abc", 9, "abc"),
        ("abc", 0, ""),
        ("ae\u0301", 2, "a"),
        ("a👍\U0001f3fdb", 2, "a"),
        ("a👍\U0001f3fdb", 3, "a👍\U0001f3fd"),
        ("a👨\u200d👩b", 2, "a"),
        ("a👨\u200d👩b", 3, "a"),
        ("a👨\u200d👩b", 4, "a👨\u200d👩"),
        ("🇧🇪🇳🇱", 1, "🇧"),
        ("🇧🇪🇳🇱", 3, "🇧🇪"),
        ("a❤\ufe0f", 2, "a"),
        ("e" + "\u0301" * 9, 4, "e\u0301\u0301\u0301"),
    ],
)
def test_a_sign_is_not_torn_apart(text: str, most: int, kept: str) -> None:
    assert whole(text, most) == kept
