"""Mail domains: as people write them and as mail carries them (``xn--``, RFC 5890)."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def as_carried(domain: str) -> str:
    """The domain in ASCII, in small letters; as it is where it has no such form."""
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return domain.lower()


def spellings(address: str) -> tuple[str, ...]:
    """An address, or a bare ``@domain``, in each way in which a mail may carry it."""
    name, _, domain = address.rpartition("@")
    try:
        carried = domain.encode("idna")
        read = carried.decode("idna")
    except UnicodeError:
        return (address,)
    return tuple(dict.fromkeys((address, f"{name}@{carried.decode('ascii')}", f"{name}@{read}")))


@lru_cache(maxsize=4096)
def above(domain: str) -> frozenset[str]:
    """A domain and what it is under: @mail.acme.example, @acme.example, @example."""
    found, dot = set[str](), "."
    while dot:
        found.add("@" + domain)
        _, dot, domain = domain.partition(".")
    return frozenset(found)
