"""How patient the watchers are. One value holds every interval, so that a test can hurry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Intervals in seconds, and one rate."""

    connect: float = 15.0
    """For one TCP connection, a TLS handshake, a greeting."""
    read: float = 60.0
    """Without a byte from the server in the middle of an answer, the connection is dead."""
    job: float = 600.0
    """No one command may take longer, however busily the server drips."""
    stable: float = 60.0
    """Only a connection that lived this long resets the back-off: a server that accepts and drops is not hammered."""
    cap: float = 300.0
    """The longest back-off."""
    missing: float = 300.0
    """Between two looks for a folder that is not there."""
    gap: float = 1.0
    """A mail that SEARCH saw and FETCH did not is asked for once more after this time."""
    restart: float = 25 * 60.0
    """IDLE is begun anew before a server may log us off (RFC 2177: at most 29 minutes)."""
    refused: tuple[float, ...] = (300.0, 1800.0)
    """After each refused sign-in; after the last of them we ask no more until the credentials change."""
    secret: float = 60.0
    """How often a refused secret is read again, to see whether somebody has changed it."""
    sign_ins: float = 10.0
    """New sign-ins per second on one host (not seconds): many mailboxes that start at once arrive in a row."""
    command: float = 10.0
    """For a `token_command` to print its token."""

    def back_off(self, failures: int) -> float:
        """The ceiling of the wait after so many failures in a row: min(cap, 2 * 1.7^n)."""
        return float(min(self.cap, 2 * 1.7 ** min(failures, 40)))
