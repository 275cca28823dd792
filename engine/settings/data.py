"""The folder of what the engine writes."""

from pathlib import Path

from engine.errors import ConfigurationError


def make_data_folder(folder: Path) -> None:
    """Make it where it is missing, for its owner only. Raises ConfigurationError when it cannot be one."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"this cannot be the folder for the engine's data: {error.strerror}",
            place=str(folder),
            remedy="name a folder that the engine may write to, under `data:` in engine.yaml",
        ) from None
