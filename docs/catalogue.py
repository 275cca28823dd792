"""Writes docs/providers.md: what each driver can do and how it is written. `make generate` runs it."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from engine.answer import ProviderClass
from engine.channels.features import Features, Reporting
from engine.channels.provider import Paced
from engine.channels.registry import DRIVERS, Driver
from engine.notification import Channel
from engine.reason import Reason

FOLDER = Path(__file__).parent
#: What no model can say: examples, quirks, what is to be done at the supplier.
PROSE = FOLDER / "providers.prose.md"
#: What every driver has, and the page says once.
SHARED = frozenset(Paced.model_fields)
_REPORTS = {
    Reporting.CALLBACK: "to our web server",
    Reporting.LINK: "over its own link",
    Reporting.MAIL: "by mail",
    Reporting.NONE: "none",
}
Schema = Mapping[str, Any]


def write() -> str:
    """The page."""
    prose = _prose()
    lines = [prose.pop("top"), *_sure(), *_carried(), prose.pop("reports"), *_shared()]
    for name, driver in DRIVERS.items():
        lines += _section(name, driver, prose.pop(name, ""))
    lines.append(prose.pop("end"))
    if prose:
        sys.exit(f"{PROSE.name} speaks of what is not there: {', '.join(prose)}")
    return "\n".join(lines).rstrip() + "\n"


def _prose() -> dict[str, str]:
    parts = re.split(r"^<!-- (\w+) -->\n", PROSE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def _sure() -> Iterator[str]:
    """How sure it is what became of a message."""
    head = ("driver", "channels", "class", "delivery reports", "can be asked", "says *read*", "texts from phones")
    yield "How sure one can be of a message:\n"
    yield from _table((*head, "tried without sending"), (_sure_row(name, each) for name, each in DRIVERS.items()))


def _sure_row(name: str, driver: Driver) -> Sequence[str]:
    provider = driver.provider
    return (
        f"`{name}`",
        _channels(_attribute(provider, "channels")),
        _class(provider),
        _REPORTS[_features(provider).reports],
        _has(provider, "poll"),
        _channels(_features(provider).reads) or "no",
        "over its own link" if _features(provider).hears else _has(provider, "read_inbound"),
        _has(provider, "sign_in"),
    )


def _carried() -> Iterator[str]:
    """What a message can be."""
    head = ("driver", "sender", "priority", "until when", "alphabet", "most parts", "where")
    yield "What it does with a message:\n"
    yield from _table(head, (_carried_row(name, each) for name, each in DRIVERS.items()))


def _carried_row(name: str, driver: Driver) -> Sequence[str]:
    can = _features(driver.provider)
    parts = getattr(driver.provider, "most_parts", "")
    if "parts" in driver.settings.model_fields:
        parts = f"`parts`: {driver.settings.model_fields['parts'].default}"
    has_parts = _attribute(driver.provider, "channels") & {Channel.SMS, Channel.MMS, Channel.RCS}
    yes = ("no", "yes")
    return (
        f"`{name}`",
        yes[can.sender],
        yes[can.priority],
        yes[can.validity],
        can.alphabet,
        str(parts) if parts and has_parts else "",
        "only on-site" if can.on_site else "anywhere",
    )


def _shared() -> Iterator[str]:
    yield "Every driver knows these:\n"
    yield from _settings(Paced.model_json_schema())


def _section(name: str, driver: Driver, prose: str) -> Iterator[str]:
    yield f"## {name}\n"
    yield from _about(driver.provider)
    if prose:
        yield prose.strip() + "\n"
    schema = driver.settings.model_json_schema()
    own = {key: value for key, value in schema["properties"].items() if _is_own(key, value)}
    yield from _settings({**schema, "properties": own})
    for what, codes in getattr(driver.provider, "codes", {}).items():
        yield f"What the codes of {what} come to:\n"
        yield from _table(("code", "reason", ""), (_code(code, codes[code]) for code in codes))
    addresses = [kind for kind, method in (("inbound", "read_inbound"),) if hasattr(driver.provider, method)]
    if _features(driver.provider).reports is Reporting.CALLBACK:
        addresses.insert(0, "callbacks")
    if addresses:
        known = " and ".join(f"`{{web: public}}/{kind}/NAME`" for kind in addresses)
        yield f"It reaches us at {known}, where NAME is its name under `providers`.\n"


def _about(provider: Any) -> Iterator[str]:
    """The words on top of its module; those on which file is what are for whoever reads files."""
    name = provider.__module__.removesuffix(".driver")
    for paragraph in (sys.modules[name].__doc__ or "").strip().split("\n\n"):
        if ".py`" not in paragraph:
            yield " ".join(paragraph.split()) + "\n"


def _is_own(name: str, value: Schema) -> bool:
    return name != "driver" and (name not in SHARED or value.get("description") != _PACED[name].get("description"))


_PACED: Schema = Paced.model_json_schema()["properties"]


def _settings(schema: Schema) -> Iterator[str]:
    known, required = schema.get("$defs", {}), schema.get("required", ())

    def rows() -> Iterator[Sequence[str]]:
        for name, value in schema["properties"].items():
            default = "**must be written**" if name in required else _default(value)
            yield (
                f"`{name}`",
                _kind(value, known),
                default,
                _meaning(name, value, schema["properties"]) or _of_block(value, known),
            )

    yield from _table(("setting", "what is written", "default", ""), rows())


def _meaning(name: str, value: Schema, others: Schema) -> str:
    said = value.get("description") or ""
    if not said and f"{name}_file" in others:
        said = f"What stands in `{name}_file`, where no file is wanted."
    return " ".join(said.split()).replace("|", "\\|")


def _of_block(value: Schema, known: Schema) -> str:
    block = known.get(value.get("$ref", "").rpartition("/")[2], {})
    return " ".join(block.get("description", "").split())


def _default(value: Schema) -> str:
    default = value.get("default")
    if default in (None, "", [], {}) or isinstance(default, dict):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    text = str(default)
    return f"`{_length(text) if value.get('pattern', '').startswith('^') and text.startswith('P') else text}`"


def _length(written: str) -> str:
    """A length of time as people write it."""
    seconds = int(TypeAdapter(timedelta).validate_python(written).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _kind(value: Schema, known: Schema) -> str:
    """What may be written, in words."""
    if "$ref" in value:
        return _kind(known[value["$ref"].rpartition("/")[2]], known)
    if "enum" in value or "const" in value:
        return ", ".join(f"`{each}`" for each in value.get("enum", [value.get("const")]))
    if "anyOf" in value:
        kinds = [_kind(each, known) for each in value["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if value.get("writeOnly"):
        return "a secret"
    if value.get("format") == "path":
        return "a file"
    pattern = value.get("pattern", "")
    if "hours?" in pattern:
        return "a length of time"
    match value.get("type"):
        case "array":
            return "a list"
        case "object":
            return "a block"
        case "integer" | "number":
            return _number(value)
        case "boolean":
            return "`true`, `false`"
        case _:
            return "text"


def _number(value: Schema) -> str:
    low, high = value.get("minimum"), value.get("maximum")
    if low is not None and high is not None:
        return f"a number, {low} to {high}"
    return f"a number, up to {high}" if high is not None else "a number"


def _code(code: object, meaning: Any) -> Sequence[str]:
    """A vendor's code, and the reason or the fate it comes to."""
    found = meaning[1] if isinstance(meaning, tuple) else meaning
    return f"`{code}`", f"`{found.value}`", found.sentence if isinstance(found, Reason) else ""


def _features(provider: Any) -> Features:
    found: Features = provider.features
    return found


def _attribute(provider: Any, name: str) -> Any:
    return getattr(provider, name)


def _channels(channels: frozenset[Channel]) -> str:
    return ", ".join(each.value for each in Channel if each in channels)


def _class(provider: Any) -> str:
    declared = getattr(provider, "provider_class", None)
    if declared is None:
        return "as you write it"
    life: timedelta = getattr(provider, "key_life", timedelta(0))
    if declared is ProviderClass.IDEMPOTENT and life:
        return f"{declared.value}, for {_length(f'PT{int(life.total_seconds())}S')}"
    return str(declared.value)


def _has(provider: Any, method: str) -> str:
    return "yes" if hasattr(provider, method) else "no"


if __name__ == "__main__":
    (FOLDER / "providers.md").write_text(write(), encoding="utf-8")
