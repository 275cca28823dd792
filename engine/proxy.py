"""The HTTP proxy through which providers are reached, for machines that have no other way to the internet."""

from base64 import b64encode
from typing import NamedTuple

from pydantic import SecretStr

from engine.guard import is_near
from engine.noun import Noun


class Refusal(NamedTuple):
    """Why a proxy opens no tunnel."""

    said: str
    remedy: str


class Proxy(Noun):
    """One proxy that is spoken to by plain HTTP. Inside its tunnels TLS is between us and the provider."""

    host: str
    port: int
    user: str = ""
    """Empty: it asks for none."""
    password: SecretStr = SecretStr("")
    direct: tuple[str, ...] = ()
    """Hosts that are called without it, and all below them."""

    def serves(self, host: str) -> bool:
        """Whether this host is called through it: not what is near, and not what is to be called directly."""
        name = host.lower().rstrip(".")
        return not is_near(name) and not any(name == each or name.endswith(f".{each}") for each in self.direct)

    @property
    def url(self) -> str:
        """Where it listens; without name and password."""
        return f"http://{self}"

    @property
    def headers(self) -> dict[str, str]:
        """What proves to it who we are (RFC 7617, RFC 9110 11.7.2). For nobody else."""
        if not self.user:
            return {}
        proof = b64encode(f"{self.user}:{self.password.get_secret_value()}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {proof}"}

    def explain(self, status: int) -> Refusal:
        """What its answer to CONNECT means that is no yes, and who can mend it."""
        match status:
            case 401 | 407 if self.user:
                said, remedy = (
                    "it does not take our name and password",
                    "write the right ones into engine.yaml, proxy",
                )
            case 401 | 407:
                said, remedy = (
                    "it wants a name and a password",
                    "write user and password_file into engine.yaml, proxy",
                )
            case 403:
                said, remedy = (
                    "it does not let us through",
                    "let it allow this machine to CONNECT to that host and port",
                )
            case _ if status >= 500:
                said, remedy = (
                    "it does not get through",
                    "its own log says why: a name, a firewall, a slip in the host",
                )
            case _:
                said, remedy = "it does not do what a proxy does", "is this the address of an HTTP proxy?"
        return Refusal(f"{said} (HTTP {status})", remedy)

    def __str__(self) -> str:
        """As a firewall's rule names it: `host:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
