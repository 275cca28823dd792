"""The errors a person can mend: each names a place and a remedy, and none carries a secret."""


class TocsinError(Exception):
    """Something is wrong that a person can put right.

    `place` is where (``config/accounts/anna.yaml:7:5``, ``imap.example:993``), `remedy` is what to do.
    The command line prints these three and no traceback. `unreachable`: a service that is needed did not answer,
    which a script may want to tell from a mistake (exit code 3, not 1).
    """

    def __init__(self, message: str, *, place: str = "", remedy: str = "", unreachable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy
        self.unreachable = unreachable

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n  to mend it: {self.remedy}" if self.remedy else text


class ConfigurationError(TocsinError):
    """The configuration cannot be used as it stands."""


class SourceError(TocsinError):
    """A mailbox or a feed cannot be read; the place is its host:port."""


class ProviderError(TocsinError):
    """A provider cannot be used as configured; the place is its host:port."""


class StoreError(TocsinError):
    """The store could not do what was asked. Nothing was committed; trying again is safe."""


class StreamError(TocsinError):
    """The stream could not do what was asked. What was not acknowledged comes again."""
