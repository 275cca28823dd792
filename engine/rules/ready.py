"""What is written under `notify` and `limits`, made ready: names found, defaults filled, caps kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.account import Account, Contact
from engine.document import Document, Path, Problem, suggest
from engine.notification import Channel, Lane
from engine.rules.actions import GROUP, Action, Caps, Defaults
from engine.rules.appointment import DEFAULT_TEXT
from engine.rules.book import Book
from engine.rules.levels import clamp, clamp_limits, parts_of
from engine.rules.limits import WrittenQuiet
from engine.rules.offset import ALARMS, Offset
from engine.rules.reach import ME, who
from engine.rules.ruleset import ReadyAction, ReadyLimits, ReadyQuiet
from engine.rules.schema import OF_REMINDERS, Rule
from engine.rules.texts.render import Kind, Template, parse
from engine.rules.texts.template import assemble
from engine.rules.when.compile import About, about, compile_condition
from engine.rules.write import sign
from engine.segments import count

_DEFAULT_TEXTS: Mapping[Kind, str] = {
    "mail": "{from}: {subject}",
    "message": "{sms_from}: {text|120}",
    "occasion": DEFAULT_TEXT,
}
_KINDS: Mapping[About, Kind] = {"mail": "mail", "message": "message", "appointment": "occasion"}


@dataclass(frozen=True, slots=True)
class Owner:
    """An account as the check of its rules sees it."""

    account: Account
    watched: frozenset[str] = frozenset()
    """The addresses of the mailboxes that are watched for it, in small letters."""
    calendars: frozenset[str] = frozenset()
    """The names of its calendars."""


@dataclass(frozen=True, slots=True)
class Capped:
    """The caps of one global file, and where they stand."""

    caps: Caps
    document: Document


@dataclass(frozen=True)
class Ground:
    """What the rules of one scope stand on."""

    book: Book
    owners: Sequence[Owner] = ()
    """Whose events the rules meet."""
    capped: Sequence[Capped] = ()
    whole: bool = True
    """Whether `owners` are all; else nobody knows what there is besides."""

    @property
    def calendars(self) -> frozenset[str]:
        """The calendars of all owners."""
        return frozenset[str]().union(*(owner.calendars for owner in self.owners))


@dataclass
class Making:
    """One rule of one file while it is made ready; `problems` grows."""

    rule: Rule
    defaults: Defaults
    document: Document
    path: Path
    ground: Ground
    problems: list[Problem] = field(default_factory=list)

    def remind(self) -> tuple[Offset, ...]:
        """When the rule reminds of an appointment: as the calendar itself asks, where nothing else is written."""
        if self._kind == "occasion":
            return self.rule.remind or (Offset(ALARMS),)
        for name in OF_REMINDERS:
            if name in self.rule.model_fields_set:
                hint = "reminders are of appointments: name a calendar, like when: {calendar: work}"
                what = "mail" if self._kind == "mail" else "texts"
                message = f"a rule about {what} has no '{name}'"
                self.problems.append(
                    self.document.problem((*self.path, name), message, key=True, code="no-appointment", hint=hint)
                )
        return ()

    def limits(self) -> ReadyLimits:
        """The rule's limits, within the caps."""
        limits = self.rule.limits.over(self.defaults.limits)
        for capped in self.ground.capped:
            limits, beyond = clamp_limits(limits, capped.caps)
            for name in beyond:
                self._say_capped((*self.path, "limits", name), ("defaults", "limits", name), name, capped)
        return ReadyLimits(
            same_by=limits.dedupe.by if limits.dedupe else (),
            same_for=limits.dedupe.for_ if limits.dedupe else ReadyLimits().same_for,
            throttle=limits.throttle.noun() if limits.throttle else None,
            quiet=self._quiet(limits.quiet_hours),
            digest=limits.digest.noun() if limits.digest else None,
            daily=limits.daily,
        )

    def _quiet(self, written: WrittenQuiet | None) -> ReadyQuiet | None:
        if written is None:
            return None
        unless = None
        if written.except_ is not None and not isinstance(written.except_, str):
            own = "quiet_hours" in self.rule.limits.model_fields_set
            at = (*(self.path if own else ("defaults",)), "limits", "quiet_hours", "except")
            unless, wrong = compile_condition(written.except_, self.document, at, self.ground.book)
            self.problems += wrong
        return ReadyQuiet(written.between, written.then, written.except_ == "urgent", unless)

    def actions(self) -> tuple[ReadyAction, ...]:
        """What the rule tells, in the order in which it is written."""
        ready: list[ReadyAction] = []
        for index, written in enumerate(self.rule.notify):
            here: Path = (*self.path, "notify", index)
            if here not in self.document.values:
                here = (*self.path, "notify")
            action = _fill(written, self.defaults)
            if any(other.name == action.name for other in ready):
                self._say(
                    self._nearest(here, "name"),
                    f"a second action named '{action.name}' in this rule",
                    "duplicate-action",
                    "give each a 'name:' of its own",
                )
            action = self._capped(action, here)
            ready.append(self._ready(action, here))
        return tuple(ready)

    def _ready(self, action: Action, here: Path) -> ReadyAction:
        texts = self._texts(action, here)
        recipients = self._recipients(action, here)
        if "sms" in action.channels and action.beyond != "email":
            self._warn_of_parts(action, texts, (*here, "template" if action.template else "text"))
        self._check_loop(action, recipients, here)
        return ReadyAction(
            name=action.name,
            recipients=tuple(recipients.values()),
            channels=self._channels(action),
            texts=texts,
            max_parts=parts_of(action),
            beyond=action.beyond,
            lane=Lane(action.lane),
            on_unknown=action.on_unknown,
            expires_after=action.expires_after,
            signature=action.signature,
            together=action.together,
            fallback=action.fallback.noun() if action.fallback and not action.together else None,
            attach=action.attach,
        )

    def _channels(self, action: Action) -> tuple[Channel, ...]:
        """In order; behind what not every phone can receive stands an SMS, unless the admin forbids it."""
        channels = [Channel(each) for each in action.channels]
        forbidden = any(
            each.caps.channels is not None and "sms" not in each.caps.channels for each in self.ground.capped
        )
        rich = [index for index, each in enumerate(channels) if each in (Channel.MMS, Channel.RCS)]
        if rich and Channel.SMS not in channels and not forbidden and not action.together:
            channels.insert(rich[-1] + 1, Channel.SMS)
        return tuple(channels)

    def _capped(self, action: Action, here: Path) -> Action:
        for capped in self.ground.capped:
            action, beyond = clamp(action, capped.caps)
            for name in beyond:
                self._say_capped((*here, name), ("defaults", name), name, capped)
        return action

    def _say_capped(self, at: Path, default: Path, name: str, capped: Capped) -> None:
        """A setting that goes beyond a cap, where it was written: the product's own defaults are no mistake."""
        at = at if at in self.document.values else default
        if at not in self.document.values:
            return
        cap: Path = ("caps", {"beyond": "max_parts", "quiet_hours": "channels"}.get(name, name))
        related = (capped.document.related(cap, "the cap"),)
        message = f"'{name}' goes beyond what the administrator allows, and is narrowed"
        self.problems.append(self.document.problem(at, message, severity="warning", code="capped", related=related))

    def _texts(self, action: Action, here: Path) -> Mapping[str, Template]:
        if action.text is not None and action.template is not None:
            self._say((*here, "template"), "write one of 'text' and 'template', not both", "two-texts")
        if action.template is None or action.text is not None:
            return {"": self._text(action.text or _DEFAULT_TEXTS[self._kind], (*here, "text"))}
        texts = self.ground.book.templates.get(action.template)
        if texts is None:
            known = self.ground.book.templates
            hint = f"known in templates/: {', '.join(sorted(known)) or 'none'}"
            message = f"there is no template '{action.template}'"
            self._say((*here, "template"), message, "unknown-template", suggest(action.template, known), hint)
            return {"": assemble(())}
        return {language: self._shared_text(text, (*here, "template")) for language, text in texts.items()}

    def _text(self, text: str, at: Path) -> Template:
        """The text of this action, which must suit what its rule is about."""
        template, flaws = parse(text, self._kind)
        self.problems += [
            self.document.problem(
                at, flaw.message, part=flaw.part, then=flaw.then, code="text", label=flaw.label, hint=flaw.hint
            )
            for flaw in flaws
        ]
        return template

    def _shared_text(self, text: str, at: Path) -> Template:
        template, flaws = parse(text, self._kind)
        for flaw in flaws[:1]:
            self._say(at, f"this template does not suit the rule: {flaw.message}", "text", hint=flaw.hint)
        return template

    @property
    def _kind(self) -> Kind:
        return _KINDS[about(self.rule.when)]

    def _recipients(self, action: Action, here: Path) -> dict[str, Contact]:
        """Each once, by name."""
        book = self.ground.book
        found: dict[str, Contact] = {}
        for index, name in enumerate(action.to):
            members = book.groups.get(name.removeprefix(GROUP)) if name.startswith(GROUP) else (name,)
            for member in members or ():
                contact = ME if member == ME.id else book.contacts.get(member)
                if contact is not None:
                    found[member] = contact
            if members is None or (not name.startswith(GROUP) and name not in found):
                self._say_unknown(name, self._nearest(here, "to", index))
        return found

    def _say_unknown(self, name: str, at: Path) -> None:
        book = self.ground.book
        kind = "group" if name.startswith(GROUP) else "contact"
        bare = name.removeprefix(GROUP)
        known = [ME.id, *book.contacts, *(GROUP + group for group in book.groups)]
        label = (
            f"did you mean '{GROUP}{bare}'?" if kind == "contact" and bare in book.groups else suggest(name, known)
        )
        if kind == "group" and bare in book.contacts:
            label = f"did you mean '{bare}'?"
        message = f"there is no {kind} '{bare}'"
        hint = f"known here: {', '.join(known[:20])}; contacts and groups stand in config/contacts/*.yaml"
        self._say(at, message, f"unknown-{kind}", label, hint)

    def _check_loop(self, action: Action, recipients: Mapping[str, Contact], here: Path) -> None:
        """A rule that mails the very mailbox it watches would feed itself."""
        limits = self.rule.limits.over(self.defaults.limits)
        for owner in self.ground.owners:
            for name, recipient in recipients.items():
                person = who(recipient, owner.account)
                quiet = limits.quiet_hours
                at_night = quiet and (quiet.then or (person.quiet_hours.then if person.quiet_hours else None))
                mails = "email" in (*action.channels, action.beyond, at_night)
                if mails and person.email.lower() in owner.watched:
                    index = action.to.index(name) if name in action.to else 0
                    self._say(
                        self._nearest(here, "to", index),
                        f"this tells '{name}' by e-mail in a mailbox that is watched for '{owner.account.id}'",
                        "own-mailbox",
                        hint="use another address, or another channel",
                    )
                    return

    def _warn_of_parts(self, action: Action, texts: Mapping[str, Template], at: Path) -> None:
        signatures = {owner.account.signature for owner in self.ground.owners} or {""}
        signature = max(signatures, key=len) if action.signature is None else action.signature
        most = parts_of(action)
        # every field as full as it may become, in letters that cost least
        fulls = [
            count(each.fixed + "x" * (each.longest - len(each.fixed)) + sign(signature)) for each in texts.values()
        ]
        full = max(fulls, key=lambda segments: segments.parts)
        if full.parts > most:
            why = f" ('{full.forced_by}' makes all of it cost more)" if full.forced_by else ""
            self._say(
                at,
                f"this text can need {full.parts} parts{why} and max_parts is {most}",
                "too-long",
                "what is too long will be refused" if action.beyond == "refuse" else "what is too long will be cut",
                "shorten the text, cut its fields as in {subject|80}, or allow more with max_parts",
                warning=True,
            )

    def _nearest(self, here: Path, *more: str | int) -> Path:
        """The setting, or the nearest block around it that is written."""
        path = (*here, *more)
        while path not in self.document.values and len(path) > len(here):
            path = path[:-1]
        return path

    def _say(self, at: Path, message: str, code: str, label: str = "", hint: str = "", warning: bool = False) -> None:
        severity = "warning" if warning else "error"
        self.problems.append(
            self.document.problem(at, message, severity=severity, code=code, label=label, hint=hint)  # type: ignore[arg-type]
        )


def _fill(action: Action, defaults: Defaults) -> Action:
    """The action with the file's defaults where it says nothing itself."""
    names = defaults.model_fields_set - action.model_fields_set - {"limits"}
    if "fallback" in action.model_fields_set:
        names -= {"together"}  # its own channels go in order
    given = {name: getattr(defaults, name) for name in names}
    return action.model_copy(update=given) if given else action
