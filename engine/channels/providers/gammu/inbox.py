"""What phones send: gammu-smsd writes each part of a text into a file of its folder `inbox`, and takes none away.

A file is seen before it is whole, and how many parts a text has is written nowhere; but the daemon writes all of
them in one go. So a text counts when nothing of it has changed between two looks.
"""

import hashlib
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.heard import Heard

log = logging.getLogger(__name__)

#: `IN<date>_<time>_<serial number>_<sender>_<part>.txt`; a name as sender may hold an underscore.
_NAME = re.compile(r"IN([0-9]{8}_[0-9]{6}_[0-9]{2})_(.+)_([0-9]{2})\.txt")
#: A part has 160 characters at most; behind them the daemon may write as many bytes of zero again.
_MOST_BYTES = 4000
#: Texts taken in one go.
_MOST_AT_A_TIME = 100
#: How a file begins that `inboxformat = detail` writes.
_DETAIL = "; This file format was designed for Gammu"


@dataclass(frozen=True)
class Text:
    """One text, and the files that hold its parts, in order."""

    heard: Heard
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Part:
    """A file as it was at one look."""

    path: Path
    size: int
    written: int
    """Nanoseconds since 1970."""


class Inbox:
    """The folder `inbox`. Everything here waits for a disk."""

    def __init__(self, provider: str, folder: Path) -> None:
        self._provider = provider
        self._folder = folder
        self._read = folder / "read"
        self._seen: dict[tuple[str, str], dict[int, _Part]] = {}
        self._strange: set[str] = set()

    def look(self) -> list[Text]:
        """The texts that are whole, the oldest first. What is no text stays where it is, and the log says so once.

        Raises OSError.
        """
        strange = set()
        found: dict[tuple[str, str], dict[int, _Part]] = defaultdict(dict)
        for path in self._folder.iterdir():
            if path.name.startswith(".") or not path.is_file():
                continue
            name = _NAME.fullmatch(path.name)
            if name is None:
                strange.add(path.name)
                continue
            stat = path.stat()
            found[name[1], name[2]][int(name[3])] = _Part(path, stat.st_size, stat.st_mtime_ns)
        settled = {name: parts for name, parts in found.items() if self._seen.get(name) == parts}
        self._seen = dict(found)
        texts = []
        for (stamp, sender), parts in sorted(settled.items())[:_MOST_AT_A_TIME]:
            try:
                texts.append(self._join(stamp, sender, parts))
            except ValueError:  # pydantic's is one; its words may hold the number
                if self._is_rest(parts):
                    self._move(part.path for part in parts.values())
                else:
                    strange |= {part.path.name for part in parts.values()}
        if strange - self._strange:
            say = "provider %s: %d files in inbox are no texts as gammu-smsd writes them; they stay there"
            log.warning(say, self._provider, len(strange))
        self._strange = strange
        return texts

    def put_away(self, texts: Iterable[Text]) -> None:
        """These are kept elsewhere now: their files go to `inbox/read`. Raises OSError."""
        for text in texts:
            self._move(text.files)

    def _join(self, stamp: str, sender: str, parts: Mapping[int, _Part]) -> Text:
        """Raises ValueError where parts are missing, or are no text."""
        if sorted(parts) != list(range(len(parts))):
            raise ValueError("parts are missing")
        files = tuple(parts[n].path for n in range(len(parts)))
        if any(part.size > _MOST_BYTES for part in parts.values()):
            raise ValueError("this is no text")
        raw = [file.read_bytes() for file in files]
        # The daemon gives a name again once it is free: what the file says belongs to the text's own name.
        digest = hashlib.sha256(repr((sender, raw)).encode()).hexdigest()[:16]
        heard = Heard(
            provider=self._provider,
            provider_ref=f"{stamp}_{digest}",
            sender=sender,
            text=_decode(raw),
            at=datetime.fromtimestamp(parts[0].written / 1e9, UTC),
        )
        return Text(heard, files)

    def _is_rest(self, parts: Mapping[int, _Part]) -> bool:
        """Whether we were killed while we moved these: the first goes first."""
        first = parts[min(parts)].path.name
        return 0 not in parts and (self._read / f"{first[: first.rindex('_')]}_00.txt").exists()

    def _move(self, files: Iterable[Path]) -> None:
        self._read.mkdir(exist_ok=True)
        for file in files:
            try:
                file.replace(self._read / file.name)
            except FileNotFoundError:
                continue  # another worker was here first


def _decode(parts: Iterable[bytes]) -> str:
    """The text of these files. Raises ValueError when one is no text."""
    whole = "".join(map(_decode_part, parts))
    # A character of two halves may lie across the border of two parts.
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _decode_part(raw: bytes) -> str:
    if raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
        # With inboxformat = unicode it counts in bytes of its locale, and writes on with zeros.
        return raw.decode("utf-16", "surrogatepass").partition("\0")[0]
    text = raw.decode("utf-8")
    if text.startswith(_DETAIL):
        raise ValueError("this is a backup, not a text")
    return text
