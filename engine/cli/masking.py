"""What must not be seen by chance: phone numbers and secrets, in whatever text they turn up."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from pydantic import BaseModel, SecretStr

from engine.phone import mask
from engine.settings import Settings
from engine.settings.servers import without_password

#: With a plus, people space their digits; without one, only a bare run is taken for a number. The words of a UUID,
#: long hexadecimal names and a configuration's version are ours and say nothing of anybody; they are passed over.
_NUMBER = re.compile(
    r"(?P<ours>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"
    r"|(?<=configuration )[0-9a-f]{12}(?![0-9a-f]))"
    r"|(?:\+|%2[Bb])[0-9](?:[ ().\-/]{0,2}[0-9]){6,16}"
    r"|[0-9]{8,}"
)
#: A secret this short may also be a word; only where it stands alone is it taken for itself.
_SHORT = 6
HIDDEN = "••••"


def mask_numbers(text: str) -> str:
    """The text with every run of digits that could be a phone number masked; unspaced it keeps its ends."""
    return _NUMBER.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    if found["ours"]:
        return found[0]
    digits = re.sub(r"[^0-9]", "", unquote(found[0]))
    return mask(digits if found[0][0].isdigit() else f"+{digits}")


class Masking:
    """Masks phone numbers and these secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first, or one that is the beginning of another would leave the rest of it.
        words = sorted({form for each in secrets for form in _forms(each)}, key=len, reverse=True)
        alone = [
            rf"(?<!\w){re.escape(each)}(?!\w)" if len(each) < _SHORT else re.escape(each) for each in words if each
        ]
        self._secrets = re.compile("|".join(alone)) if alone else None

    def hide(self, text: str) -> str:
        """The text as anybody may read it."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return mask_numbers(text)


def _forms(secret: str) -> Iterator[str]:
    """As it is, as a URL carries it, and as Python shows it in quotes."""
    yield secret
    yield quote(secret, safe="")
    yield repr(secret)[1:-1]


def secrets_of(settings: Settings) -> Iterator[str]:
    """Every secret that the configuration holds or names a file of, as it is now."""
    for each in settings.accounts:
        for source in (*each.mailboxes, *each.calendars):
            yield from _secrets_in(source)
    for provider in settings.providers.values():
        yield from _secrets_in(provider)
    if settings.proxy is not None:
        yield from _secrets_in(settings.proxy)
    for url in (settings.store, settings.stream):
        password = without_password(url)[1]
        if password:
            yield password
            yield unquote(password)


def _secrets_in(model: BaseModel) -> Iterator[str]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, Path) and name.endswith("_file") and name != "ca_file":
            yield from _read(value)
        elif isinstance(value, BaseModel):
            yield from _secrets_in(value)
        elif isinstance(value, Mapping):
            for each in value.values():
                if isinstance(each, SecretStr):
                    yield each.get_secret_value()
                elif isinstance(each, Path) and name.endswith("_files"):
                    yield from _read(each)


def _read(file: Path) -> Iterator[str]:
    try:
        yield file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return  # whoever needs it says so
