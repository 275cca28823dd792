"""What every vendor's driver keeps beyond the provider's contract; what all drivers meet is in `hostile.py`."""

from typing import ClassVar

import pytest

from engine.answer import Outcome
from engine.channels.provider import Provider
from engine.reason import Reason
from tests.contracts.provider import Callback, ProviderContract, Rig, a_message, assert_discreet
from tests.servers.vendors import Vendor


class VendorContract(ProviderContract):
    """For providers whose rig is a `Vendor`."""

    #: Whether its reports stand in the body; otherwise in the address.
    reads_body: ClassVar[bool] = True

    def only(self, rig: Rig) -> Provider:
        """The provider, in its one class."""
        [provider_class] = self.classes
        return rig.provider(provider_class)

    async def test_a_text_of_a_hundred_parts_is_refused_before_anything_leaves(self, rig: Vendor) -> None:
        answer = await self.only(rig).send(a_message("x" * 153 * 100), "r1")
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.TOO_LONG)
        assert rig.asked == 0

    @pytest.mark.parametrize(
        "body",
        [b"", b"null", b"[]", b"{}", b'{"a": ' * 5000, b"\xff\xfe", b"x" * 2_000_000, b"<SESSION/>", b"<!DOCTYPE"],
    )
    @pytest.mark.parametrize("status", [200, 201])
    async def test_a_yes_that_cannot_be_understood_is_unknown(self, rig: Vendor, status: int, body: bytes) -> None:
        await rig.behave("say", status=status, body=body)
        answer = await self.only(rig).send(a_message(), "r1")
        assert_discreet(answer)
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)

    async def test_a_callback_that_is_replayed_says_the_same_again(self, rig: Vendor) -> None:
        provider = self.only(rig)
        for each in rig.callbacks("r1"):
            first, again = (provider.read_callback(*each) for _ in range(2))
            assert [report.model_copy(update={"at": first[0].at}) for report in again] == [
                report.model_copy(update={"at": first[0].at}) for report in first
            ]

    async def test_a_callback_with_entities_or_a_flood_of_fields_is_garbage(self, rig: Vendor) -> None:
        provider = self.only(rig)
        proof: Callback = rig.callbacks("r1")[0]
        bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><MSGLST>&d;</MSGLST>'
        for body in (bomb, b"&".join(b"a%d=1" % n for n in range(5000))):
            if self.reads_body:
                with pytest.raises((ValueError, PermissionError)):
                    provider.read_callback(*proof._replace(body=body))
            else:
                assert len(provider.read_callback(*proof._replace(body=body))) == 1
