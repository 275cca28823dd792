"""A mail as the rules see it."""

from engine.event import MailArrived
from engine.rules.fold import fold

#: How much of what a mail holds the evidence shows.
SHOWN = 200


class View:
    """A mail as the rules see it: each folded text is made when the first rule asks for it, and once."""

    __slots__ = ("_address", "_domains", "_found", "_name", "_subject", "mail")

    def __init__(self, mail: MailArrived) -> None:
        self.mail = mail
        self._address: str | None = None
        self._domains: frozenset[str] | None = None
        self._name: str | None = None
        self._subject: str | None = None
        self._found: str | None = None

    @property
    def address(self) -> str:
        """The sender's address, folded; empty when the mail names none."""
        if self._address is None:
            self._address = fold(self.mail.sender.address) if self.mail.sender else ""
        return self._address

    @property
    def domains(self) -> frozenset[str]:
        """The sender's domain and all that it is under: mail.acme.example, acme.example, example."""
        if self._domains is None:
            labels = self.address.rpartition("@")[2].split(".")
            self._domains = frozenset(".".join(labels[start:]) for start in range(len(labels)))
        return self._domains

    @property
    def name(self) -> str:
        """The sender's name, folded."""
        if self._name is None:
            self._name = fold(self.mail.sender.name) if self.mail.sender else ""
        return self._name

    @property
    def subject(self) -> str:
        """The subject, folded."""
        if self._subject is None:
            self._subject = fold(self.mail.subject)
        return self._subject

    @property
    def sender_found(self) -> str:
        """The sender as the evidence shows it."""
        if self._found is None:
            sender = self.mail.sender
            both = f"{sender.name} <{sender.address}>" if sender and sender.name else sender.address if sender else ""
            self._found = both[:SHOWN]
        return self._found

    @property
    def subject_found(self) -> str:
        """The subject as the evidence shows it."""
        return self.mail.subject[:SHOWN]
