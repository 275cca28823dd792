"""What one host has to bear from us, and what it may take from the others."""

import asyncio

#: Jobs at work on one host. Less than any pool, so that a host that stops answering starves no other.
MOST_JOBS = 4
#: Handshakes and sign-ins at work on one host; the pool for them has twice as many threads.
MOST_SIGN_INS = 2
#: New sign-ins per second on one host.
SIGN_INS_PER_SECOND = 10.0


class Host:
    """The limits of one host."""

    def __init__(self) -> None:
        self.jobs = asyncio.Semaphore(MOST_JOBS)
        self.sign_ins = asyncio.Semaphore(MOST_SIGN_INS)
        self._next = 0.0

    async def await_turn(self) -> None:
        """Wait until a new sign-in is due: a thousand mailboxes that start at once arrive one after the other."""
        now = asyncio.get_running_loop().time()
        due = max(now, self._next)
        self._next = due + 1 / SIGN_INS_PER_SECOND
        if due > now:
            await asyncio.sleep(due - now)


class Hosts:
    """Every host that is spoken to."""

    def __init__(self) -> None:
        self._known: dict[str, Host] = {}

    def find(self, name: str) -> Host:
        """The limits of this host; a name is the same in capitals (RFC 4343)."""
        return self._known.setdefault(name.lower(), Host())
