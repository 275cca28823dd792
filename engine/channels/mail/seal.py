"""A mail is signed for its domain (DKIM, RFC 6376): the only door to dkimpy, which the extra `dkim` brings."""

from engine.errors import ProviderError

#: Signed where they stand. List-Unsubscribe counts for one click only when it is signed (RFC 8058 4).
_SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip


class Seal:
    """The key of a domain."""

    def __init__(self, domain: str, selector: str, key: str, place: str) -> None:
        """`key`: PEM, RSA. `place`: where it is written. Raises ProviderError when it cannot sign."""
        self._domain, self._selector, self._key = domain.encode(), selector.encode(), key.encode()
        try:
            self.sign(b"From: a@example.org\r\n\r\n.\r\n")
        except ImportError:
            raise ProviderError(
                "the library that signs is not installed", place=place, remedy="pip install 'tocsin[dkim]'"
            ) from None
        except Exception as error:
            raise ProviderError(
                f"this key cannot sign: {type(error).__name__}",
                place=place,
                remedy="write an RSA key into it: openssl genrsa 2048",
            ) from None

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signature before it. Takes milliseconds: call it in a thread."""
        import dkim

        present = {line.partition(b":")[0].lower() for line in mail.partition(b"\r\n\r\n")[0].split(b"\r\n")}
        include = [name for name in _SIGNED if name in present]
        seal: bytes = dkim.sign(
            mail,
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=include,
        )
        return seal + mail
