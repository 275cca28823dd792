"""Parts of a long text that a provider brings one by one, and the text that they belong to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, Field

from engine.coding import Coding, decode
from engine.heard import MISSING, MOST_NUMBER, MOST_REF, Heard
from engine.identity import derive
from engine.noun import Noun

#: So long the other parts of a text are waited for; then it is handed over without them.
PATIENCE = timedelta(hours=1)
#: References come round again: what is older belongs to another text.
LIFE = timedelta(hours=24)
#: So long after it was handed over, what says the same is taken for the same, brought again. Some machines send all
#: their texts under one reference: a later one that says the same must not be lost.
AGAIN = timedelta(hours=1)


class Part(Noun):
    """One part as the provider brought it (3GPP TS 23.040 9.2.3.24.1). Some networks cut a character in two, so it
    is bytes until it stands beside its neighbours."""

    provider: str
    provider_ref: str = Field(default="", max_length=MOST_REF)
    """The provider's own name for this part; empty where it gives none."""
    sender: str = Field(min_length=1, max_length=MOST_NUMBER)
    recipient: str = Field(default="", max_length=MOST_NUMBER)
    reference: int = Field(ge=0, le=0xFFFF)
    total: int = Field(ge=2, le=255)
    number: int = Field(ge=1, le=255)
    body: bytes
    coding: Coding
    at: AwareDatetime
    """When we had it."""

    @property
    def text_id(self) -> UUID:
        """What the parts of one text have in common. Later texts from that phone may have it too."""
        return derive("long text", self.provider, self.sender, self.recipient, self.reference, self.total)

    def says(self, other: "Part") -> bool:
        """Whether both carry the same."""
        return (self.body, self.coding) == (other.body, other.coding)


class Piece(NamedTuple):
    """A part that is here, and when it was handed over; what was stays for a while, to be known again."""

    part: Part
    told_at: datetime | None = None

    @property
    def is_new(self) -> bool:
        """Whether it was never handed over."""
        return self.told_at is None

    @property
    def counts(self) -> bool:
        """Whether it stands in the text that is handed over next.

        One that came again after it was handed over may be of a new text that says the same here.
        """
        return self.told_at is None or self.part.at > self.told_at


class LongText(Noun):
    """What is here of the texts with one id: the one that is being brought, and the one before."""

    id: UUID
    pieces: Mapping[int, Piece] = {}
    """By the number of the part."""

    @property
    def new(self) -> list[Part]:
        """What was never handed over, in the order in which it came."""
        return sorted(
            (each.part for each in self.pieces.values() if each.is_new), key=lambda part: (part.at, part.number)
        )

    @property
    def due_at(self) -> datetime | None:
        """When it is handed over, whole or not; None when all that is here was."""
        return self.new[0].at + PATIENCE if self.new else None

    def place(self, part: Part) -> Piece | None:
        """How a part is to be kept; None when what is here has to be handed over first, as it is.

        One that is here already is brought again. One that says something else than what was handed over begins the
        next text under a reference that came round.
        """
        mine = self.pieces.get(part.number)
        since = part.at - LIFE
        if mine is not None and mine.part.says(part):
            if mine.told_at is not None and part.at < mine.told_at + AGAIN:
                return Piece(part, mine.told_at)
            if mine.told_at is None and mine.part.at > since:
                return mine
        if (mine is not None and mine.is_new) or any(each.at <= since for each in self.new):
            return None
        return Piece(part)

    def put(self, piece: Piece) -> "LongText":
        """The same with this piece."""
        return self.model_copy(update={"pieces": {**self.pieces, piece.part.number: piece}})

    def join(self, now: datetime) -> Heard | None:
        """The text, when it is to be handed over: it is whole, or the rest did not come in time."""
        is_whole = bool(self.new) and len(self.new) == self.new[0].total
        return self.read() if is_whole or (self.due_at is not None and self.due_at <= now) else None

    def read(self) -> Heard:
        """The text as it is, with a mark for what is missing.

        The same parts give the same reference and so the same event, however often and by whomever it is handed over.
        """
        first, last = self.new[0], self.new[-1]
        since = first.at - PATIENCE
        pieces = [piece for piece in self.pieces.values() if piece.counts]
        counted = {part.number: part for part, told_at in pieces if told_at is None or part.at > since}
        began = first.provider_ref or str(first.at.timestamp())
        return Heard(
            provider=first.provider,
            provider_ref=str(derive("joined", str(self.id), began, *sorted(counted))),
            sender=first.sender,
            recipient=first.recipient,
            text=_join(counted, first.total),
            at=last.at,
        )


def _join(parts: Mapping[int, Part], total: int) -> str:
    def coding(number: int) -> Coding | None:
        return parts[number].coding if number in parts else None

    read = "".join(
        f" {MISSING} " if how is None else decode(b"".join(parts[each].body for each in run), how)
        for how, run in groupby(range(1, total + 1), coding)
    )
    return read if len(parts) == total else read.strip()
