"""What every noun of the house is: a frozen value that readers of a later or earlier version can read."""

from pydantic import BaseModel, ConfigDict


class Noun(BaseModel):
    """An immutable value. Unknown fields are ignored, so that an older worker reads a newer record."""

    model_config = ConfigDict(frozen=True, extra="ignore")
