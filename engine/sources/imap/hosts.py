"""What one host has to bear from us, and what it may take from the others."""

import asyncio

#: Jobs at work on one host. Less than any pool, so that a host that stops answering starves no other.
MOST_JOBS = 4
#: Handshakes and sign-ins at work on one host; the pool for them has twice as many threads.
MOST_SIGN_INS = 2


class Host:
    """The limits of one host; `rate`: new sign-ins per second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self.jobs = asyncio.Semaphore(MOST_JOBS)
        self.sign_ins = asyncio.Semaphore(MOST_SIGN_INS)
        self._next = 0.0

    async def await_turn(self) -> None:
        """Wait until a new sign-in is due: a thousand mailboxes that start at once arrive one after the other."""
        now = asyncio.get_running_loop().time()
        due = max(now, self._next)
        self._next = due + 1 / self._rate
        if due > now:
            await asyncio.sleep(due - now)


class Hosts:
    """Every host that is spoken to; `rate`: new sign-ins per second on each."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._known: dict[str, Host] = {}

    def find(self, name: str) -> Host:
        """The limits of this host; a name is the same in capitals (RFC 4343)."""
        return self._known.setdefault(name.lower(), Host(self._rate))
