"""A provider's secret, as it stands in engine.yaml or in a file of its own."""

from pathlib import Path

from pydantic import SecretStr

from engine.errors import ProviderError


def read_secret(value: SecretStr | None, file: Path | None, what: str) -> str:
    """The secret, or nothing when neither is given. `what` it is goes into the remedy.

    Raises ProviderError that names the file when it cannot be read or is empty.
    """
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return ""
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ProviderError(
            f"the file cannot be read: {type(error).__name__}", place=str(file), remedy=f"write {what} into it"
        ) from None
    if not found:
        raise ProviderError("the file is empty", place=str(file), remedy=f"write {what} into it")
    return found
