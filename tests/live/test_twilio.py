"""Twilio's own description of its API, served by prism: what our driver sends is what Twilio documents."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from engine.answer import Outcome
from engine.channels import registry
from engine.channels.providers.twilio import TwilioSettings
from engine.channels.vendor import basic
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from tests.contracts.provider import LONG, SECRET, a_message
from tests.servers import prism
from tests.servers.vendors import PUBLIC
from tests.servers.vendors.twilio import ACCOUNT

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with prism.serving(prism.TWILIO, tmp_path_factory.mktemp("prism")) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


def _provider(api: str, http: Http, **settings: Any) -> Any:
    known = {"driver": "twilio", "url": api, "account": ACCOUNT, "token": SECRET, "sender": "+15005550006"}
    known |= {"rcs_sender": "tocsin_agent", "service": "MG" + "1" * 32, "timeout": LONG, **settings}
    return registry.build("vendor", TwilioSettings.model_validate(known), http, PUBLIC)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.MMS, Channel.RCS])
@pytest.mark.parametrize("text", ["hello", "Größe & 50 % = ☺\n{text}"])
async def test_every_request_is_one_that_twilio_documents(api: str, http: Http, channel: Channel, text: str) -> None:
    late = datetime.now(UTC) + timedelta(hours=1)
    message = a_message(text).model_copy(update={"channel": channel, "not_after": late})
    answer = await _provider(api, http).send(message, "r1")
    assert (answer.outcome, bool(answer.provider_ref)) == (Outcome.ACCEPTED, True), answer.detail
    assert (await _provider(api, http, service="").send(message, "r1")).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (b"To=%2B32470000001&From=%2B15005550006&Body=x", 201),
        (b"From=%2B15005550006&Body=x", 422),
        (b"To=%2B32470000001&From=x&Body=x&ValidityPeriod=soon", 422),
        (b"To=%2B32470000001&MessagingServiceSid=MG1&Body=x", 422),
    ],
)
async def test_the_judge_is_not_asleep(api: str, http: Http, form: bytes, status: int) -> None:
    headers = {"Authorization": basic(ACCOUNT, SECRET), "Content-Type": "application/x-www-form-urlencoded"}
    url = f"{api}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert (await http.request("POST", url, data=form, headers=headers, timeout=LONG)).status == status


async def test_without_signing_in_nothing_is_taken(api: str, http: Http) -> None:
    url = f"{api}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await http.request("POST", url, data=b"To=x", headers=headers, timeout=LONG)).status == 401


async def test_what_became_of_a_message_is_asked_as_twilio_documents(api: str, http: Http) -> None:
    made = _provider(api, http)
    asked: list[int] = []
    whole = http.request

    async def listen(*args: Any, **how: Any) -> Any:
        reply = await whole(*args, **how)
        asked.append(reply.status)
        return reply

    http.request = listen  # type: ignore[method-assign]
    await made.poll("r1", "SM" + "0" * 32)
    assert asked == [200]


async def test_an_account_that_is_none_is_a_final_no(api: str, http: Http) -> None:
    made = _provider(api, http)
    made._messages = made._messages.replace(ACCOUNT, "nobody")
    answer = await made.send(a_message(), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_REFUSED)
