"""The demo told on the terminal: a line for each thing that happens, with its time."""

from datetime import datetime
from typing import Any

from engine.demo.configuration import NUMBER
from engine.demo.follow import Scene
from engine.demo.reading import MailStory, RuleStory, Standing


def describe(standing: Standing) -> str:
    """``plan 8 left, balance EUR 5.00``."""
    held = f" ({standing.parts_held} set aside)" if standing.parts_held else ""
    balance_held = f" ({standing.balance_held} set aside)" if standing.balance_held else ""
    return f"plan {standing.parts} left{held}, balance {standing.balance}{balance_held}"


class Narrator:
    """Prints what is new in each scene."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._posted: dict[str, datetime] = {}
        self._standing: Standing | None = None
        self.seconds: float | None = None
        """From the mail's delivery to the phone, of the last message that arrived."""

    def posted(self, subject: str) -> None:
        """A mail with this subject is put into the mailbox now: the clock for it starts."""
        self._posted[subject] = datetime.now().astimezone()

    def tell(self, scene: Scene) -> None:
        """Print what is new."""
        for mail in scene.mails:
            if self._is_new(mail.id):
                self._tell_mail(mail)
            for number, sent in enumerate(mail.sent):
                if sent.fate in ("refused", "failed", "expired") and self._is_new(f"{mail.id}/{number}"):
                    say("no sms", sent.sentence)
        if scene.standing != self._standing:
            say("credit", describe(scene.standing))
            self._standing = scene.standing
        for message in scene.messages:
            if message["status"] != "taken" and self._is_new(message["id"]):
                self._tell_message(scene, message)

    def _is_new(self, key: str) -> bool:
        new = key not in self._told
        self._told.add(key)
        return new

    def _tell_mail(self, mail: MailStory) -> None:
        say(mail.kind, f'"{mail.subject}" from {mail.sender}')
        for rule in mail.rules:
            say("rule", _describe_rule(rule))
        if not any(rule.matched for rule in mail.rules):
            say("no sms", mail.reason)

    def _tell_message(self, scene: Scene, message: dict[str, Any]) -> None:
        subject = next(
            (mail.subject for mail in reversed(scene.mails) for sent in mail.sent if sent.text == message["text"]), ""
        )
        took = ""
        if subject in self._posted:
            self.seconds = (datetime.fromisoformat(message["at"]) - self._posted[subject]).total_seconds()
            took = f" in {self.seconds:.1f} s"
        number = f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:8]} {NUMBER[8:10]} {NUMBER[10:]}"
        to = number if message["to"] == NUMBER else message["to"]
        say("sms", f'{to}  {message["status"].replace("_", " ")}{took}   "{message["text"]}"')


def say(what: str, line: str) -> None:
    """Print one line with the present time."""
    print(f"{datetime.now().astimezone():%H:%M:%S}  {what:<8}  {clean(line)}", flush=True)


def clean(line: str) -> str:
    """Without control characters: a subject must not steer the terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


def _describe_rule(rule: RuleStory) -> str:
    if rule.matched:
        because = ", ".join(each.written for each in rule.conditions)
        return f"{rule.name} matched: {because}      {rule.place}"
    failed = next((each for each in rule.conditions if not each.holds), None)
    if failed is None:
        return f"{rule.name} did not match      {rule.place}"
    return f'{rule.name} did not match: {failed.written}, but the mail has "{failed.found}"      {rule.place}'
