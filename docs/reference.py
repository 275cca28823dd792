"""Writes docs/rules.md: the rule language, generated from the models that read it. `make generate` runs it."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.cli.schema import generate
from engine.reason import Reason
from engine.rules.texts.field import ANY, MAIL, MESSAGE, Field
from engine.rules.texts.fields import FIELDS
from engine.rules.texts.filters import OF_TEXTS, OF_TIMES

FOLDER = Path(__file__).parent
#: Words before each block: what a schema cannot say.
PROSE = FOLDER / "rules.prose.md"
#: The schemas in the order of the page, and the blocks of each that people write, from the outside in.
PAGES: Mapping[str, Sequence[str]] = {
    "rules": (
        "RuleFile",
        "Rule",
        "Late",
        "Condition",
        "TextTest",
        "AddressTest",
        "NumberTest",
        "AttachmentTest",
        "TimeTest",
        "Action",
        "WrittenFallback",
        "WrittenLimits",
        "WrittenDedupe",
        "WrittenThrottle",
        "WrittenQuiet",
        "WrittenDigest",
        "Caps",
        "RuleTest",
        "Expectation",
    ),
    "contacts": ("ContactsFile", "WrittenContact"),
    "lists": ("ListsFile",),
    "windows": ("WindowsFile",),
    "templates": ("TemplatesFile",),
}
Schema = Mapping[str, Any]


def write() -> str:
    """The page."""
    prose = _prose()
    lines = [prose.pop("top")]
    for name, blocks in PAGES.items():
        schema = json.loads(generate()[name])
        known = {schema.get("title", ""): schema, **schema.get("$defs", {})}
        for block in blocks:
            lines += _block(block, known[block], prose.pop(block, ""))
    lines += _fields()
    lines += _reasons()
    if prose:
        sys.exit(f"rules.prose.md speaks of what is not there: {', '.join(prose)}")
    return "\n".join(lines).rstrip() + "\n"


def _prose() -> dict[str, str]:
    """By the name of its block: a title line, then words. ``top`` stands before everything."""
    parts = re.split(r"^<!-- (\w+) -->\n", PROSE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _block(name: str, schema: Schema, prose: str) -> Iterator[str]:
    title, _, words = prose.partition("\n")
    yield f"## {title or name}\n"
    yield words.strip() or _sentence(schema.get("description", ""))
    yield "\n| setting | what is written | default | |\n|---|---|---|---|"
    required = schema.get("required", ())
    for setting, value in schema.get("properties", {}).items():
        default = "" if setting in required else _default(value)
        must = "**must be written**" if setting in required else default
        yield f"| `{setting}` | {_kind(value)} | {must} | {_sentence(value.get('description', ''))} |"
    yield ""


def _sentence(text: str) -> str:
    return re.sub(r"``?", "`", " ".join(text.split())).replace("|", "\\|")


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    shown = (
        ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value) if value is not str else value
    )
    return f"`{shown}`".replace('"', "")


def _kind(schema: Schema) -> str:
    """What may be written, in words."""
    if "$ref" in schema:
        return f"a [block](#{_anchor(schema['$ref'])})"
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            kinds = [_kind(each) for each in schema[key] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    kind = schema.get("type")
    if kind == "array":
        return f"a list of {_kind(schema['items'])}" if "items" in schema else "a list"
    if kind == "object":
        return (
            f"by name: {_kind(inner)}" if isinstance(inner := schema.get("additionalProperties"), dict) else "a block"
        )
    if kind == "integer":
        low, high = schema.get("minimum"), schema.get("maximum")
        return f"a number, {low} to {high}" if low is not None and high is not None else "a number"
    if kind == "boolean":
        return "`true`, `false`"
    if "pattern" in schema and "hours?" in schema["pattern"]:
        return "a length of time"
    return "text"


_ANCHORS: dict[str, str] = {}


def _anchor(reference: str) -> str:
    name = reference.rpartition("/")[2]
    if not _ANCHORS:
        for block, prose in _prose().items():
            title = prose.partition("\n")[0]
            _ANCHORS[block] = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    return _ANCHORS.get(name, name.lower())


def _fields() -> Iterator[str]:
    yield "## Fields of a text\n"
    yield "| field | of | what it is | example | when there is none |\n|---|---|---|---|---|"
    for field in FIELDS.values():
        yield f"| `{{{field.name}}}` | {_of(field)} | {field.meaning} | {field.example} | {_missing(field)} |"
    yield '| `{header.NAME}` | a mail | any header | | say `\\|or "…"` |\n'
    yield "| behind a field | what it does |\n|---|---|"
    for form, meaning in {**OF_TEXTS, **OF_TIMES}.items():
        yield f"| `{{field\\|{form}}}` | {meaning} |"
    yield ""


def _of(field: Field) -> str:
    kinds = {ANY: "all", MAIL: "a mail", MESSAGE: "a text from a phone"}
    return kinds.get(field.kinds, "an appointment")


def _missing(field: Field) -> str:
    return "always there" if field.always else field.stated or 'say `\\|or "…"`'


def _reasons() -> Iterator[str]:
    yield "## Reasons\n"
    yield "The word stands in receipts, logs, metrics and in `expect: {reason: …}`.\n"
    yield "| reason | |\n|---|---|"
    for reason in Reason:
        yield f"| `{reason.value}` | {reason.sentence} |"


if __name__ == "__main__":
    (FOLDER / "rules.md").write_text(write(), encoding="utf-8")
