"""Our count of SMS parts beside one that others wrote, npm's split-sms: what is charged is what goes on the air."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.channels.providers.smpp import split as smpp
from engine.channels.providers.smpp.split import Segmentation
from engine.segments import Alphabet, count
from tests.servers import absent, require

pytestmark = pytest.mark.live

NODE = Path(__file__).parents[1] / "servers" / "node"
BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./059:;<=>?¡AZÄÖÑÜ§¿azäöñüà"
EXTENDED = "^{}\\[~]|€\f"
UCS2 = "ЖçğłŐ中日ก\u00a0\u200d“”…–\uffff\t"
ASTRAL = "🙂👍🏽🇧🇪𝄞\U0010ffff"
FAMILIES = ("👨\u200d👩\u200d👧\u200d👦", "🇧🇪", "👍🏽", "e\u0301")
ALPHABETS = (BASIC, EXTENDED, BASIC + EXTENDED, BASIC + UCS2, UCS2, ASTRAL, BASIC + ASTRAL, BASIC + UCS2 + ASTRAL)
#: Where a part ends: alone, and as one of several, in the units of either alphabet.
BORDERS = (70, 160, *(67 * n for n in range(1, 6)), *(153 * n for n in range(1, 6)))
MANY = 12_000


def texts(seed: int) -> Iterator[str]:
    """Texts of every alphabet, most of them as long as a border is far, or a little more or less.

    The empty text is left out: split-sms counts no part for it, the network charges one.
    """
    dice = random.Random(seed)
    for alphabet in ALPHABETS:
        for border in BORDERS:
            for length in range(border - 2, border + 3):
                yield "".join(dice.choices(alphabet, k=length))
                yield "a" * (length - 1) + dice.choice(alphabet)
                yield dice.choice(alphabet) + "a" * (length - 1)
                yield "a" * (length - 40) + "".join(dice.choices(alphabet, k=40))
    while True:
        pieces = dice.choices([*dice.choice(ALPHABETS), *FAMILIES], k=dice.randint(1, dice.choice((20, 80, 330))))
        yield "".join(pieces)


@pytest.fixture(scope="module")
def fuzzed() -> list[str]:
    drawn = texts(4711)
    found: dict[str, None] = {}
    while len(found) < MANY:
        found[next(drawn)] = None
    return list(found)


def counted_by_node(texts: list[str]) -> list[tuple[str, int]]:
    """What split-sms says of each, in one process."""
    require("node")
    if not (NODE / "node_modules" / "split-sms").exists():
        absent("the package split-sms (npm ci --prefix tests/servers/node)")
    asked = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run(["node", NODE / "split.js"], input=asked, capture_output=True, text=True, check=True)
    return [(word, parts) for word, parts in map(json.loads, done.stdout.splitlines())]


def test_no_text_of_12_000_is_counted_otherwise_by_split_sms(fuzzed: list[str]) -> None:
    theirs = counted_by_node(fuzzed)
    words = {Alphabet.GSM7: "GSM", Alphabet.UCS2: "Unicode"}
    ours = [(words[each.alphabet], each.parts) for each in map(count, fuzzed)]
    assert len(theirs) == MANY
    wrong = [(a, b, text) for a, b, text in zip(ours, theirs, fuzzed, strict=True) if a != b]
    assert wrong[:3] == []
    # The table means something: both alphabets, one part and many.
    assert min(sum(word == each for word, _ in theirs) for each in words.values()) > 1_000
    assert {parts for _, parts in theirs} >= set(range(1, 6))


@pytest.mark.parametrize("how", [Segmentation.UDH, Segmentation.UDH16, Segmentation.SAR])
def test_smpp_sends_as_many_units_as_parts_are_charged(fuzzed: list[str], how: Segmentation) -> None:
    wrong = [text for text in fuzzed if len(smpp.split(text, how, 7)) != count(text).parts]
    assert wrong[:3] == []
    # no unit is longer than a part on the air: 140 bytes packed, and each septet has a byte of its own here
    assert all(
        len(part.data) <= (160 if count(text).alphabet is Alphabet.GSM7 else 140)
        for text in fuzzed[:2_000]
        for part in smpp.split(text, how, 7)
    )
