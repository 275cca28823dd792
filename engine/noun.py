"""What every noun of the house is: a frozen value that readers of a later or earlier version can read."""

from pydantic import BaseModel, ConfigDict


class Noun(BaseModel):
    """An immutable value. Unknown fields are ignored, so that an older worker reads a newer record."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Written(BaseModel):
    """A value as a person wrote it in a file: immutable, and a key nobody knows is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
