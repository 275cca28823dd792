"""What every provider keeps, whatever the vendor. A provider's own test file gives the `rig` fixture."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple, Protocol
from uuid import uuid4

import pytest

from engine.answer import Answer, Outcome, ProviderClass
from engine.channels.provider import Provider, SigningIn
from engine.message import Message
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import DeliveryReport

NUMBER = "+32470000001"
TEXT = "Boss: Spoed: server down"
SECRET = "open-sesame-4711"
#: Longer than any test; what waits for it is hung.
LONG = timedelta(seconds=30)


class Callback(NamedTuple):
    """A request to our web server, as a provider makes it."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    body: bytes = b""


class Rig(Protocol):
    """The other side of a provider: a server that can be told how to fail, and that says what it took."""

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG) -> Provider:
        """A provider that speaks to the server. `SECRET` is how it signs in."""
        ...

    async def behave(self, do: str, **how: Any) -> None:
        """For the next request: refuse, busy, drop_before, drop_after, late, garbage, …"""
        ...

    def taken(self) -> list[str]:
        """The references of the messages that it took, in order; one that was taken twice stands twice."""
        ...

    async def switch_off(self) -> None:
        """Nobody listens any more."""
        ...

    def callbacks(self, ref: str) -> list[Callback]:
        """Honest callbacks for a reference, as the server makes them."""
        ...

    def forgeries(self, ref: str) -> list[Callback]:
        """The same without the proof that they are from the server, or with a wrong one, and with nonsense inside."""
        ...

    def garbage(self, ref: str) -> list[Callback]:
        """Callbacks that prove where they are from, and make no sense."""
        ...


#: What stands in a callback's body and is no report, whatever the vendor.
GARBAGE = (b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"ref": 1}', b"<xml/>", b"[" * 9999)


def a_message(text: str = TEXT, number: str = NUMBER) -> Message:
    return Message(
        id=uuid4(), account="anna", channel=Channel.SMS, provider="phone", address=number, text=text, parts=1
    )


def assert_discreet(answer: Answer) -> None:
    """Neither the number, nor the text, nor a secret stands in what is kept and logged."""
    said = repr(answer)
    for hidden in (NUMBER, NUMBER[1:], NUMBER[3:], TEXT, SECRET):
        assert hidden not in said


async def send(provider: Provider, ref: str = "r1") -> Answer:
    answer = await provider.send(a_message(), ref)
    assert_discreet(answer)
    return answer


class ProviderContract:
    """Each test runs for each class that the provider can have."""

    classes: ClassVar[tuple[ProviderClass, ...]] = tuple(ProviderClass)
    #: What the rig can refuse, and the reason that it comes to.
    refusals: ClassVar[Mapping[str, Reason]] = {
        "bad_number": Reason.BAD_NUMBER,
        "auth": Reason.PROVIDER_AUTH,
        "no_credit": Reason.PROVIDER_NO_CREDIT,
        "refused": Reason.PROVIDER_REFUSED,
    }
    #: Whether "not now" says when to come back.
    says_when: ClassVar[bool] = True
    #: Whether an acceptance carries the provider's own reference.
    names_messages: ClassVar[bool] = True

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """The classes and refusals of the provider at hand."""
        if "provider_class" in metafunc.fixturenames:
            metafunc.parametrize("provider_class", self.classes)
        if "word" in metafunc.fixturenames:
            metafunc.parametrize(("word", "reason"), list(self.refusals.items()))

    async def test_a_message_that_is_taken_is_accepted_with_the_provider_s_reference(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        answer = await send(rig.provider(provider_class))
        assert (answer.outcome, answer.reason) == (Outcome.ACCEPTED, Reason.ACCEPTED)
        assert bool(answer.provider_ref) is self.names_messages
        assert rig.taken() == ["r1"]

    async def test_a_final_no_is_refused_with_its_reason(
        self, rig: Rig, provider_class: ProviderClass, word: str, reason: Reason
    ) -> None:
        await rig.behave("refuse", reason=word)
        answer = await send(rig.provider(provider_class))
        assert (answer.outcome, answer.reason) == (Outcome.REFUSED, reason)
        assert rig.taken() == []

    @pytest.mark.parametrize("do", ["busy", "unavailable"])
    async def test_a_busy_provider_has_not_taken_it_and_says_when_to_come_back(
        self, rig: Rig, provider_class: ProviderClass, do: str
    ) -> None:
        await rig.behave(do, seconds=7)
        answer = await send(rig.provider(provider_class))
        assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY)
        assert answer.retry_after == (timedelta(seconds=7) if self.says_when else None)
        assert rig.taken() == []

    async def test_a_provider_that_cannot_be_reached_has_certainly_not_taken_it(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        await rig.switch_off()
        answer = await send(rig.provider(provider_class))
        assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)

    @pytest.mark.parametrize("do", ["drop_before", "fail"])
    async def test_no_clear_answer_is_unknown_even_when_it_was_not_taken(
        self, rig: Rig, provider_class: ProviderClass, do: str
    ) -> None:
        await rig.behave(do)
        answer = await send(rig.provider(provider_class))
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
        assert rig.taken() == []

    @pytest.mark.parametrize("do", ["drop_after", "garbage"])
    async def test_no_clear_answer_is_unknown_when_it_was_taken_and_it_was_sent_once(
        self, rig: Rig, provider_class: ProviderClass, do: str
    ) -> None:
        await rig.behave(do)
        answer = await send(rig.provider(provider_class))
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
        assert rig.taken() == ["r1"]

    async def test_an_answer_that_comes_too_late_is_unknown(self, rig: Rig, provider_class: ProviderClass) -> None:
        await rig.behave("late", seconds=2)
        answer = await send(rig.provider(provider_class, timeout=timedelta(seconds=1)))
        assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, Reason.NO_ANSWER)
        assert rig.taken() == ["r1"]

    async def test_the_same_reference_again_is_taken_once_only_by_the_idempotent(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        provider = rig.provider(provider_class)
        message = a_message()
        await rig.behave("drop_after")
        assert (await provider.send(message, "r1")).outcome is Outcome.UNKNOWN
        again = await provider.send(message, "r1")
        assert again.outcome is Outcome.ACCEPTED
        assert len(rig.taken()) == (1 if provider_class is ProviderClass.IDEMPOTENT else 2)

    async def test_many_messages_at_once_keep_their_own_references(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        provider = rig.provider(provider_class)
        answers = await asyncio.gather(*(send(provider, f"r{n}") for n in range(40)))
        assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
        assert len({answer.provider_ref for answer in answers}) == (40 if self.names_messages else 1)
        assert sorted(rig.taken()) == sorted(f"r{n}" for n in range(40))

    async def test_asking_is_answered_by_the_queryable_and_unknown_to_the_others(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        provider = rig.provider(provider_class)
        await rig.behave("drop_after")
        await send(provider)
        answer = await provider.ask("r1")
        assert_discreet(answer)
        if provider_class is ProviderClass.QUERYABLE:
            assert (answer.outcome, answer.reason) == (Outcome.ACCEPTED, Reason.ASKED)
            assert answer.provider_ref
            assert (await provider.ask("r2")).outcome is Outcome.NOT_TAKEN
        else:
            assert answer.outcome is Outcome.UNKNOWN

    async def test_asking_in_vain_is_unknown_never_not_taken(self, rig: Rig, provider_class: ProviderClass) -> None:
        provider = rig.provider(provider_class)
        await rig.switch_off()
        assert (await provider.ask("r1")).outcome is Outcome.UNKNOWN

    async def test_signing_in_hands_over_no_message_and_repeats_nothing(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        provider = rig.provider(provider_class)
        if isinstance(provider, SigningIn) and (answer := await provider.sign_in()) is not None:
            assert_discreet(answer)
            assert (answer.outcome, answer.reason) == (Outcome.ACCEPTED, Reason.ACCEPTED)
        assert rig.taken() == []

    async def test_signing_in_where_nobody_listens_is_told(self, rig: Rig, provider_class: ProviderClass) -> None:
        provider = rig.provider(provider_class)
        await rig.switch_off()
        if isinstance(provider, SigningIn) and (answer := await provider.sign_in()) is not None:
            assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)

    async def test_an_honest_callback_names_our_reference_or_the_provider_s(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        provider = rig.provider(provider_class)
        for each in rig.callbacks("r1"):
            reports = provider.read_callback(*each)
            assert reports
            for report in reports:
                assert isinstance(report, DeliveryReport)
                assert report.provider == provider.name
                assert report.client_ref == "r1" or report.provider_ref
                assert NUMBER[1:] not in repr(report)

    async def test_a_forged_callback_is_a_permission_error_whatever_it_holds(
        self, rig: Rig, provider_class: ProviderClass
    ) -> None:
        provider = rig.provider(provider_class)
        for each in rig.forgeries("r1"):
            with pytest.raises(PermissionError):
                provider.read_callback(*each)

    async def test_garbage_in_a_callback_is_a_value_error(self, rig: Rig, provider_class: ProviderClass) -> None:
        provider = rig.provider(provider_class)
        for each in rig.garbage("r1"):
            with pytest.raises(ValueError):  # noqa: PT011  (the protocol promises no more)
                provider.read_callback(*each)
