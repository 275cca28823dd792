"""`tocsin schema`: what editors complete and check rule files with."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from engine.errors import ConfigurationError

NAMES = ("rules", "account", "contacts", "lists", "windows", "templates", "engine", "tariff")


@click.command("schema")
@click.argument("name", required=False, type=click.Choice(NAMES))
@click.pass_obj
def command(config: Path, name: str | None) -> None:
    """Print the JSON Schema of one kind of file, or write all of them to the configuration's schema/ folder."""
    if name:
        click.echo(generate()[name], nl=False)
        return
    if not config.is_dir():
        raise ConfigurationError(
            "there is no such folder", place=str(config), remedy="tocsin init writes a first one"
        )
    for path in write(config):
        click.echo(f"wrote {path}")


def write(config: Path) -> list[Path]:
    """Write the schemas into `config`/schema, over what is there. Returns their paths."""
    folder = config / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in generate().items():
        path = folder / f"{name}.json"
        path.write_text(content, encoding="utf-8")
        paths.append(path)
    return paths


def models() -> Mapping[str, Any]:
    """name -> the model of that kind of file."""
    from engine.channels.tariff import TariffFile
    from engine.rules.schema import RuleFile
    from engine.settings.account_file import AccountFile
    from engine.settings.book_files import ContactsFile, ListsFile, TemplatesFile, WindowsFile
    from engine.settings.engine_file import engine_file

    return {
        "rules": RuleFile,
        "account": AccountFile,
        "contacts": ContactsFile,
        "lists": ListsFile,
        "windows": WindowsFile,
        "templates": TemplatesFile,
        "engine": engine_file(),
        "tariff": TariffFile,
    }


def generate() -> Mapping[str, str]:
    """name -> the JSON text of its schema. The same text for the same version of the product."""
    from pydantic import TypeAdapter
    from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
    from pydantic_core import core_schema

    class Generator(GenerateJsonSchema):
        """As the checker reads: 5 is also a text, since every scalar of a file arrives as text."""

        def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
            return {**super().str_schema(schema), "type": ["string", "number", "boolean"]}

        def encode_default(self, dft: Any) -> Any:
            return _length(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    return {
        name: json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **TypeAdapter(model).json_schema(schema_generator=Generator),
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
        for name, model in models().items()
    }


def _length(value: timedelta) -> str:
    """A length of time as it is written in a file."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
