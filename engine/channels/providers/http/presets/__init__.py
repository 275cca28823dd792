"""Vendors that ship as descriptions: `preset: vonage`, and only what differs has to be written."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.document import read

_FOLDER = Path(__file__).parent
PRESETS = tuple(sorted(file.stem for file in _FOLDER.glob("*.yaml")))


@lru_cache
def _load(name: str) -> Any:
    file = _FOLDER / f"{name}.yaml"
    return read(file.read_bytes(), file.name).data


def fill_in(written: Any) -> Any:
    """What is written under a provider, over what its preset says; as it is when it names no preset.

    Blocks are joined name by name; a list or a text takes the preset's place. Raises ValueError for a preset that
    does not ship.
    """
    if not isinstance(written, dict) or "preset" not in written:
        return written
    name = written["preset"]
    if name not in PRESETS:
        raise ValueError(f"no preset is called '{name}'; there are: {', '.join(PRESETS)}")
    return _join(_load(name), written)


def _join(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    joined = {key: _join(below[key], value) if key in below else value for key, value in above.items()}
    return {**below, **joined}
