"""Terms of Thunderbird mean here what they mean there."""

import pytest

from engine.importers.step import UnlikeError
from engine.importers.thunderbird import read_condition
from tests.builders import a_mail
from tests.rules.asking import ask


@pytest.mark.parametrize("size", [0, 1023, 1024, 2047, 2048, 20_479, 20_480, 21_503, 21_504, 10**6])
@pytest.mark.parametrize("operator", ["is greater than", "is less than", "is"])
@pytest.mark.parametrize("limit", [2, 20])
def test_a_size_is_in_whole_kilobytes(size: int, operator: str, limit: int) -> None:
    kilobytes = max(1, size // 1024)
    expected = {"is greater than": kilobytes > limit, "is less than": kilobytes < limit, "is": kilobytes == limit}
    when = read_condition(f"AND (size,{operator},{limit})")
    assert ask(when, a_mail(size=size))[0] is expected[operator]


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "AND",
        "AND (subject,contains",
        "AND (subject)",
        "XOR (subject,contains,a)",
        "AND (size,is greater than,many)",
        "AND (priority,is,Urgent)",
        "AND (subject,sounds like,a)",
    ],
)
def test_what_is_no_condition_is_said(condition: str) -> None:
    with pytest.raises(UnlikeError):
        read_condition(condition)
