"""`off` where a setting is a block: what is on by default can be switched off."""

from typing import Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from engine.document import suggest
from engine.rules.shorthand import Meant

OFF = "off"


def or_off(block: Any, sample: str, meant: Meant | None = None) -> BeforeValidator:
    """Reads ``off`` as None; `block` is the type beside it, `sample` a way to write one, `meant` reads shorthand."""

    def read(value: Any) -> Any:
        if value is None:
            # left open is not the same as switched off
            raise PydanticCustomError("empty", "is empty: write off, or %s" % sample)  # noqa: UP031
        if value == OFF:
            return None
        if isinstance(value, str) and not (block is int and value[:1].isdigit()):
            short = meant(value) if meant else ""
            label = f"did you mean '{short}'?" if short else suggest(value, (OFF,))
            context = {"label": label, "hint": f"like {sample}"}
            raise PydanticCustomError("value_error", "write off or a block of settings here", context)
        return value

    return BeforeValidator(read, json_schema_input_type=block | Literal["off"])
