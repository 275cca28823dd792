"""How a mailbox is written."""

import pytest
from pydantic import ValidationError

from engine.sources.imap.mailbox import Mailbox


def _mailbox(**written: object) -> Mailbox:
    return Mailbox.model_validate({"host": "imap.example", "user": "anna", "password": "x", **written})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("mx.example.org", ("mx.example.org",)),
        (["MX.example.org ", "mx2.example.org"], ("mx.example.org", "mx2.example.org")),
        ([], ()),
    ],
)
def test_whom_a_mailbox_trusts(written: object, expected: tuple[str, ...]) -> None:
    assert _mailbox(trust=written).trust == expected
    assert _mailbox().trust == ()


@pytest.mark.parametrize("written", ["", "mx.example.org; dmarc=pass", "two words", "a@b.example", ["ok", "mx(1)"]])
def test_what_is_no_server_is_not_trusted(written: object) -> None:
    with pytest.raises(ValidationError, match=r"as it stands in Authentication-Results, like mx\.example\.org"):
        _mailbox(trust=written)
