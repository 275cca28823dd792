"""The strict YAML reader: text in, scalars as text with their places, problems out.

`read` makes a Document of a file's bytes, `validate` a value of a Document; both hand back problems instead of
raising. `report` shows problems. This package is the only door to PyYAML.
"""

from engine.document.check import flawed, validate
from engine.document.problem import Flaw, Problem, Related, Severity, Span, has_errors, in_order, suggest
from engine.document.reader import MOST_BYTES, MOST_DEPTH, MOST_NODES, read
from engine.document.scalar import Flag, VersionOne
from engine.document.source import Document, Path

__all__ = [
    "MOST_BYTES",
    "MOST_DEPTH",
    "MOST_NODES",
    "Document",
    "Flag",
    "Flaw",
    "Path",
    "Problem",
    "Related",
    "Severity",
    "Span",
    "VersionOne",
    "flawed",
    "has_errors",
    "in_order",
    "read",
    "suggest",
    "validate",
]
