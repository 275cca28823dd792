"""What a model knows at a place: the names and values to propose, read off its JSON Schema."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from engine.document.source import Path

_Schema = Mapping[str, Any]


class Known:
    """The settings a model knows, through unions, lists and references."""

    def __init__(self, model: Any) -> None:
        self._root: _Schema = TypeAdapter(model).json_schema()
        self._any_secret = "writeOnly" in json.dumps(self._root)
        self._named: Mapping[str, _Schema] = self._root.get("$defs", {})

    def names(self, path: Path) -> list[str]:
        """The settings that may stand in the block at `path`."""
        return sorted({name for schema in self._at(path) for name in schema.get("properties", {})})

    def secrets(self, data: Any, path: Path = ()) -> Iterator[Path]:
        """The paths in `data` at which the model expects a secret."""
        if not path and not self._any_secret:
            return
        if path and any(schema.get("writeOnly") for schema in self._at(path)):
            yield path
        children: Any = ()
        if isinstance(data, dict):
            children = data.items()
        elif isinstance(data, list):
            children = enumerate(data)
        for key, value in children:
            yield from self.secrets(value, (*path, key))

    def homes_of(self, name: str, path: Path) -> list[str]:
        """The nearest blocks that know this setting, when it was written at `path`: ``notify`` and ``when`` for
        ``text``. Those below come first, then those of the whole file."""
        return self._below(name, self._at(path)) or self._below(name, [self._root])

    def _below(self, name: str, begin: Sequence[_Schema]) -> list[str]:
        seen: set[str] = set()
        level: list[tuple[str, _Schema]] = [("", schema) for schema in begin]
        while level:
            below: list[tuple[str, _Schema]] = []
            homes: set[str] = set()
            for block, schema in level:
                for each in self._alternatives(schema, seen):
                    properties = each.get("properties", {})
                    if block and name in properties:
                        homes.add(block)
                    below += [(inner, value) for inner, value in properties.items()]
                    below += [(block, each["items"])] if isinstance(each.get("items"), dict) else []
            if homes:
                return sorted(homes)
            level = below
        return []

    def _at(self, path: Path) -> list[_Schema]:
        here = list(self._alternatives(self._root))
        for part in path:
            here = [inner for schema in here for inner in self._step(schema, part)]
        return here

    def _step(self, schema: _Schema, part: str | int) -> Iterator[_Schema]:
        properties = schema.get("properties", {})
        if isinstance(part, int):
            inner = schema.get("items")
        elif part in properties:
            inner = properties[part]
        else:
            inner = schema.get("additionalProperties")
        if isinstance(inner, dict):
            yield from self._alternatives(inner)

    def _alternatives(self, schema: _Schema, seen: set[str] | None = None) -> Iterator[_Schema]:
        """The plain schemas behind references and unions; `seen` names are not entered a second time."""
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        if name:
            if seen is not None:
                if name in seen:
                    return
                seen.add(name)
            yield from self._alternatives(self._named[name], seen)
            return
        choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not choices:
            yield schema
            return
        for choice in choices:
            yield from self._alternatives(choice, seen)
