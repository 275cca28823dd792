"""InterFAX's driver keeps the contract against a fake that InterFAX's own SDK understands."""

import asyncio
from collections.abc import AsyncIterator
from ctypes.util import find_library
from typing import Any, ClassVar

import pytest
from requests import HTTPError

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.providers.interfax import InterfaxSettings
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import NUMBER, SECRET, a_message, send
from tests.contracts.vendor import VendorContract
from tests.servers import absent
from tests.servers.vendors import TOKEN
from tests.servers.vendors.interfax import Interfax, feedback


@pytest.fixture
async def rig() -> AsyncIterator[Interfax]:
    made = Interfax()
    await made.start()
    yield made
    await made.stop()


class TestInterfax(VendorContract):
    """Every promise of the contract, for the queryable vendor."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.QUERYABLE,)


def provider(rig: Interfax, **settings: Any) -> Any:
    return rig.provider(ProviderClass.QUERYABLE, **settings)


def test_it_carries_fax_and_nothing_else() -> None:
    known = {"driver": "interfax", "user": "u", "password": "p"}
    assert registry.channels_of(InterfaxSettings.model_validate(known)) == {Channel.FAX}


async def test_a_fax_leaves_as_pages_with_our_reference(rig: Interfax) -> None:
    fax = a_message("line\n" * 2000).model_copy(update={"channel": Channel.FAX})
    assert (await provider(rig).send(fax, "r1")).outcome is Outcome.ACCEPTED
    [sent] = rig.requests
    assert sent.pop("body").startswith(b"%PDF-")
    assert sent == {"faxNumber": NUMBER, "reference": "r1", "pageSize": "A4"}


async def test_asking_without_a_valid_password_is_unknown(rig: Interfax) -> None:
    assert (await provider(rig, password="wrong").ask("r1")).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("status", "fate", "reason"),
    [
        (0, Fate.DELIVERED, Reason.DELIVERED),
        (-1, Fate.SENT, Reason.ACCEPTED),
        (-22, Fate.SENT, Reason.ACCEPTED),
        (6017, Fate.UNDELIVERED, Reason.UNDELIVERED),
        (205_000, Fate.UNDELIVERED, Reason.PROVIDER_NO_CREDIT),
    ],
)
async def test_each_status_has_one_fate(rig: Interfax, status: int, fate: Fate, reason: Reason) -> None:
    [found] = provider(rig).read_callback({}, {"token": TOKEN}, feedback(status))
    assert (found.provider_ref, found.fate, found.reason) == ("854759651", fate, reason)


async def test_what_became_of_a_fax_can_be_asked(rig: Interfax) -> None:
    made = provider(rig)
    answer = await send(made)
    found = await made.poll("r1", answer.provider_ref)
    assert (found.client_ref, found.provider_ref, found.fate) == ("r1", answer.provider_ref, Fate.DELIVERED)
    assert await made.poll("r1", "1") is None


async def test_the_fake_speaks_as_interfax_s_own_sdk_expects(rig: Interfax) -> None:
    if find_library("magic") is None:
        absent("libmagic1, which InterFAX's SDK loads")
    from interfax import InterFAX
    from interfax.files import File

    class Detour(InterFAX):  # type: ignore[misc]
        """InterFAX's own client, sent to the fake."""

        def _url_for(self, *args: Any, **how: Any) -> str:
            return str(super()._url_for(*args, **how)).replace(f"https://{self.DOMAIN}", rig.listener.url)

    def talk(password: str) -> list[Any]:
        client = Detour("tocsin", password)
        fax = client.deliver(NUMBER, [File(client, b"%PDF-", mime_type="application/pdf")], reference="r1")
        return [fax, fax.reload(), *client.outbound.search(reference="r1")]

    sent, shown, found = await asyncio.to_thread(talk, SECRET)
    assert (sent.id, shown.status, found.id) == (str(shown.id), 0, shown.id)
    with pytest.raises(HTTPError):
        await asyncio.to_thread(talk, "wrong")
