"""Which mails are asked for together, so that one that breaks its server blocks no mailbox."""

from collections.abc import Sequence

from engine.sources.imap.fetch import BATCH, Mail, fetch_bare, fetch_mails
from engine.sources.imap.session import Session

#: So many connections may break on one mail alone before only the index is asked about it, and not even that.
_BARE_AFTER = 5
_BLIND_AFTER = 7


class Batches:
    """The size of the next batch of one folder, and the mails that connections broke on."""

    def __init__(self, *, raw: bool = False) -> None:
        """`raw`: keep the bytes of each mail."""
        self._raw = raw
        self._most = BATCH
        self._deaths: dict[int, int] = {}

    def split(self, uids: list[int]) -> tuple[list[int], list[int]]:
        """The next batch and the rest."""
        return uids[: self._most], uids[self._most :]

    def blame(self, batch: Sequence[int]) -> None:
        """The connection broke while these were fetched: ask for fewer, until the one that does it stands alone."""
        if len(batch) > 1:
            self._most = max(1, len(batch) // 2)
        else:
            self._deaths[batch[0]] = self._deaths.get(batch[0], 0) + 1

    def absolve(self, batch: Sequence[int]) -> None:
        """These came through."""
        self._most = min(BATCH, self._most * 2)
        for uid in batch:
            self._deaths.pop(uid, None)

    def is_poison(self, batch: Sequence[int]) -> bool:
        """Whether this batch is one mail that broke so many connections that its content is given up."""
        return len(batch) == 1 and self._deaths.get(batch[0], 0) >= _BARE_AFTER

    def fetch(self, session: Session, batch: Sequence[int]) -> list[Mail]:
        """Fetch a batch; of a poisonous mail what the index knows, or nothing but that it is there. Blocking."""
        if not self.is_poison(batch):
            return fetch_mails(session, batch, raw=self._raw)
        return [Mail(batch[0])] if self._deaths[batch[0]] >= _BLIND_AFTER else fetch_bare(session, batch[0])

    def fetch_again(self, session: Session, gone: Sequence[int]) -> list[Mail]:
        """Mails that SEARCH saw and FETCH did not: at least what the index knows of what is there. Blocking."""
        found = fetch_mails(session, gone, raw=self._raw)
        known = {mail.uid for mail in found}
        for uid in gone:
            if uid not in known:
                found += fetch_bare(session, uid)
        return found
