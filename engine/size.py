"""Sizes as people write them: ``5 MB``, ``300 kB``. A kB is 1,000 bytes, a KiB 1,024."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_FORM = re.compile(r"([0-9]{1,12}) ?([kmg]i?b|b)", re.IGNORECASE | re.ASCII)


def parse(text: str) -> int:
    """Bytes. Raises ValueError that shows the right forms."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise ValueError(f"write a size as 5 MB or 300 kB, not {text!r}")
    return int(form[1]) * _UNITS[form[2].lower()]


def _validate(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


#: A pydantic field that reads what `parse` reads.
Size = Annotated[
    int, BeforeValidator(_validate), WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,12} ?[KkMmGg]?i?[Bb]$"})
]
