"""The whole configuration folder, checked at once: every mistake of every file, at its place."""

from engine.settings.folder import load, require
from engine.settings.model import AccountSettings, Settings, Web

__all__ = ["AccountSettings", "Settings", "Web", "load", "require"]
