"""The SMPP driver keeps the contract of providers."""

from typing import ClassVar

from engine.answer import ProviderClass
from tests.contracts.provider import ProviderContract


class TestSmpp(ProviderContract):
    """Every promise of the contract."""

    classes: ClassVar = (ProviderClass.OPAQUE,)
