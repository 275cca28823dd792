"""Fields for what arrives as text: the version of a file, and true or false."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _truth(value: Any) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if isinstance(value, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower(), value.lower())
        label = f"did you mean '{meant}'?" if meant in ("true", "false") else ""
        raise PydanticCustomError("bool_parsing", "write true or false here", {"label": label})
    return value


#: ``version: 1``
VersionOne = Annotated[Literal[1], BeforeValidator(_whole)]
#: ``true`` or ``false``, and not YAML 1.1's yes, no, on and off: an editor reads those as text.
Flag = Annotated[bool, BeforeValidator(_truth)]
