"""The provider of docs/add-a-provider.md is taken from the page and keeps the contract."""

import json
import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from aiohttp import web

from engine.answer import Outcome, ProviderClass
from engine.channels.proof import Proof
from engine.channels.provider import Provider, SigningIn
from engine.reason import Reason
from tests.contracts.provider import LONG, NUMBER, SECRET, Callback
from tests.contracts.vendor import VendorContract
from tests.servers.vendors import PUBLIC, Vendor, say

PAGE = (Path(__file__).parents[2] / "docs" / "add-a-provider.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The file that the page shows, imported."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path_factory.mktemp("providers") / "acme.py"
    file.write_text(code, encoding="utf-8")
    spec = spec_from_file_location("acme", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["acme"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["acme"]


class Acme(Vendor):
    """The other side."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__()
        self.module = module

    def routes(self) -> Sequence[web.RouteDef]:
        balance = web.get("/balance", self.behind(f"Bearer {SECRET}"))
        return [web.post("/messages", self.script(self._take)), balance]

    def settings(self) -> dict[str, Any]:
        return {"driver": "acme", "url": self.listener.url, "key": SECRET, "sender": "Tocsin"}

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG, **settings: Any) -> Provider:
        known = self.module.AcmeSettings.model_validate({**self.settings(), "timeout": timeout, **settings})
        made: Provider = self.module.AcmeProvider("vendor", known, self.http, f"{PUBLIC}/callbacks/vendor")
        assert made.provider_class is provider_class
        return made

    def refusal(self, reason: str) -> web.Response:
        status, error = {
            "auth": (401, f"wrong key {SECRET}"),
            "bad_number": (400, "unknown_number"),
            "no_credit": (402, "no_money"),
            "refused": (400, f"we do not like {NUMBER}"),
        }[reason]
        return say(status, {"error": error})

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json()
        ref = re.search(r"[?&]ref=([^&]+)", body["report_to"])
        assert ref is not None
        return say(201, {"id": self.take(ref[1], body)})

    def callbacks(self, ref: str) -> list[Callback]:
        query = {"ref": ref, "proof": Proof("vendor", SECRET).of(ref)}
        bodies = [json.dumps({"id": "V1", "status": word}).encode() for word in ("delivered", "failed")]
        return [Callback(query=query, body=body) for body in bodies]

    def forgeries(self, ref: str) -> list[Callback]:
        honest = self.callbacks(ref)
        return [
            each._replace(query=query) for each in honest for query in ({}, {"ref": ref}, {"ref": ref, "proof": "é"})
        ]


@pytest.fixture
async def rig(acme: ModuleType) -> AsyncIterator[Acme]:
    made = Acme(acme)
    await made.start()
    yield made
    await made.stop()


class TestTheExample(VendorContract):
    """Every promise of the contract."""

    classes: ClassVar[tuple[ProviderClass, ...]] = (ProviderClass.OPAQUE,)


async def test_the_example_says_that_the_key_is_wrong(rig: Acme) -> None:
    provider = rig.provider(ProviderClass.OPAQUE, key="wrong")
    assert isinstance(provider, SigningIn)
    answer = await provider.sign_in()
    assert answer is not None
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_AUTH)
