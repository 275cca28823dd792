"""The bytes of a filter file -> its text, or a clear error."""

from engine.errors import ConfigurationError

#: The largest export that anybody has is a tenth of this.
MOST_BYTES = 1_000_000


def wrong(message: str, file: str, line: int = 0, *, remedy: str = "") -> ConfigurationError:
    """The error of a file that cannot be read, with its place."""
    return ConfigurationError(message, place=f"{file}:{line}" if line else file, remedy=remedy)


def read_content(raw: bytes, file: str) -> str:
    """The text of a file, its lines ended by ``\\n``. Raises ConfigurationError with the line of what is no text."""
    if len(raw) > MOST_BYTES:
        raise wrong(
            f"larger than {MOST_BYTES // 1_000_000} MB", file, remedy="no export of filters is: is it the right file?"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise wrong(
            f"not UTF-8: byte 0x{raw[error.start]:02x}", file, line, remedy="save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise wrong("not a text: a zero byte", file, line, remedy="is it the right file?")
    if not text.strip():
        raise wrong("the file is empty", file)
    return text.replace("\r\n", "\n").replace("\r", "\n")
