"""`off` where a setting is a block: what is on by default can be switched off."""

from typing import Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from engine.document import suggest

OFF = "off"


def or_off(block: Any, sample: str) -> BeforeValidator:
    """Reads ``off`` as None; `block` is the type beside it, `sample` a way to write one."""

    def read(value: Any) -> Any:
        if value is None:
            # left open is not the same as switched off
            raise PydanticCustomError("empty", "is empty: write off, or %s" % sample)  # noqa: UP031
        if value == OFF:
            return None
        if isinstance(value, str) and not value[:1].isdigit():
            context = {"label": suggest(value, (OFF,)), "hint": f"like {sample}"}
            raise PydanticCustomError("value_error", "write off or a block of settings here", context)
        return value

    return BeforeValidator(read, json_schema_input_type=block | Literal["off"])
