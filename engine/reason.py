"""Every no, and every yes, has a name. The same word stands in receipts, logs, metrics and what a user reads."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why something became of an event or a message; `sentence` is what a person reads."""

    sentence: str

    def __new__(cls, word: str, sentence: str = "") -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member

    # what rules answer
    MATCHED = "matched", "A rule matched."
    NO_RULE_MATCHED = "no_rule_matched", "No rule matched this mail."
    STOPPED = "stopped", "An earlier rule matched and stops the ones after it."
    TOO_LATE = "too_late", "The mail was already older than the mailbox's 'late' setting when it was read."
    UNKNOWN_ACCOUNT = "unknown_account", "The account is no longer in the configuration."
    NO_NUMBER = "no_number", "Nobody whom the rule tells can be reached: no number or address for its channels."

    NOT_WANTED = "not_wanted", "The account's settings leave this out."
    NOTHING_PLANNED = "nothing_planned", "Nothing is planned, and the agenda says nothing then."

    FINAL = "final", "A global rule matched and has the last word."
    AUTOMATIC = (
        "automatic",
        "The mail was sent by a machine (or by Tocsin itself), and the rule does not accept that.",
    )

    WROTE_STOP = "wrote_stop", "The sender wrote STOP: that number is told nothing more until it writes START."
    WROTE_START = "wrote_start", "The sender wrote START: what a STOP took is given back."
    REPLY_FORWARDED = "reply_forwarded", "No rule matched this text; it is handed on to the account's owner."
    NOBODYS = (
        "nobodys",
        "The text is for no account: no route of 'inbound' takes it, and nobody wrote to that number lately.",
    )

    # what the channel router and admission answer
    ADMITTED = "admitted", "Within consent, caps and credit: the credit is reserved."
    ACCOUNT_FROZEN = "account_frozen", "The account is frozen; nothing is sent for it."
    NO_ROUTE = "no_route", "No line of tariff.yaml covers this number or channel: add one. Nothing was charged."
    NOT_MOBILE = "not_mobile", "The number is a landline; an SMS cannot reach it."
    TOO_LONG = "too_long", "The text needs more parts than the rule allows."
    NO_CONSENT = "no_consent", "The recipient has not agreed to be told, or has withdrawn it."
    QUIET_HOURS = "quiet_hours", "It is quiet hours where the receiver is."
    DUPLICATE = "duplicate", "The same was told before, within the rule's dedupe period."
    THROTTLED = "throttled", "The rule's throttle is reached."
    DIGEST = "digest", "Collected: it is told with others, together."
    RULE_CAP = "rule_cap", "The rule's daily cap is reached; it opens again at midnight in the account's zone."
    RULE_WITHDRAWN = "rule_withdrawn", "The rule was removed or switched off while the message was held."
    DAILY_CAP = "daily_cap", "The account's daily cap is reached; it opens again at midnight in its zone."
    NO_CREDIT = "no_credit", "Neither the monthly allowance nor the balance covers this message: top up."

    INSTEAD = (
        "instead",
        "By this channel instead: the one before it could not be taken, or did not reach its receiver.",
    )
    NOT_IN_TIME = (
        "not_in_time",
        "It had not left in the rule's time, and the next channel is taken; the credit is back.",
    )
    NOT_DELIVERED = "not_delivered", "It had not arrived in the rule's time."
    NOT_READ = "not_read", "It had not been read in the rule's time."
    REACHED = "reached", "An earlier channel reached its receiver after all."
    LEFT_OPEN = "left_open", "Whether the provider took it is not known; the next channel is taken, as the rule says."

    # what reminders answer
    APPOINTMENT_MOVED = "appointment_moved", "The appointment was moved: what was due for the old time is withdrawn."
    APPOINTMENT_CANCELLED = "appointment_cancelled", "The appointment was cancelled."
    APPOINTMENT_GONE = "appointment_gone", "The appointment is no longer in the calendar."
    APPOINTMENT_CHANGED = "appointment_changed", "The appointment was changed: it is told as it is now."
    REMINDER_PASSED = (
        "reminder_passed",
        "The moment of this reminder was over when the appointment, or the rule, was first seen.",
    )
    REMINDER_LATE = "reminder_late", "It became too late for this reminder: the engine did not run in time."

    # what answers to invitations come to
    RSVP_WRITTEN = "rsvp_written", "The answer stands in the calendar."
    RSVP_PENDING = "rsvp_pending", "The answer is taken down, and is being written into the calendar."
    RSVP_UNKNOWN = "rsvp_unknown", "No invitation of this account has this number."
    RSVP_WHICH = "rsvp_which", "More than one invitation is open: the answer needs its number, as in YES 2."
    RSVP_OVER = "rsvp_over", "The appointment is over."
    RSVP_NOT_ASKED = "rsvp_not_asked", "The account's owner is not among those whom the invitation asks."
    RSVP_READ_ONLY = "rsvp_read_only", "This calendar can only be read by us: answer in the calendar itself."
    RSVP_FAILED = "rsvp_failed", "The calendar could not be written until it was too late: answer in the calendar."

    # what sending answers
    ACCEPTED = "accepted", "The provider took the message: it left our system."
    PROVIDER_REFUSED = "provider_refused", "The provider refused the message; its own words stand beside this."
    BAD_NUMBER = "bad_number", "The provider says that this number does not exist: correct it."
    NOT_CAPABLE = (
        "not_capable",
        "This phone cannot receive messages of this kind (MMS, RCS); the next channel is taken.",
    )
    UNFIT = "unfit", "The text holds a character that the provider cannot carry; it was not sent."
    BAD_ADDRESS = "bad_address", "The mail server says that this address does not exist: correct it."
    MAILBOX_FULL = "mailbox_full", "The mailbox is full, or the mail is too large for it: delete mail."
    PROVIDER_NO_CREDIT = "provider_no_credit", "Our own credit with the provider is used up: top it up there."
    PROVIDER_AUTH = "provider_auth", "The provider refused our user name or password: correct them."
    PROVIDER_BUSY = "provider_busy", "The provider asked us to slow down; we try again."
    STORE_DOWN = "store_down", "Our own store could not be read; we try again."
    HELD_UP = "held_up", "We were too slow: its time was over before the provider was called; we try again."
    PROVIDER_UNREACHABLE = "provider_unreachable", "The provider could not be reached; we try again."
    PROVIDER_DOWN = "provider_down", "The provider does not work at the moment; another one takes the message."
    PROVIDER_UNKNOWN = "provider_unknown", "The provider that was chosen is no longer configured."
    NO_ANSWER = "no_answer", "The provider gave no answer: it may or may not have taken the message."
    INTERRUPTED = "interrupted", "We stopped while the provider was being called; its answer is not known."
    HELD_UNCERTAIN = (
        "held_uncertain",
        "The provider gave no answer and cannot be asked; we hold rather than risk sending it twice.",
    )
    NOT_TAKEN = "not_taken", "The provider says that it never took the message; we send it again."
    ASKED = "asked", "The provider was asked and says that it took the message."
    GAVE_UP = "gave_up", "Every attempt was refused or failed; the credit is given back."
    EXPIRED = "expired", "It became too late to send this; the credit is given back."

    # what delivery reports answer
    DELIVERED = "delivered", "It has arrived."
    READ = "read", "It was read."
    UNDELIVERED = "undelivered", "The network gave up and does not say why: check the number, or try another channel."
    PHONE_OFF = "phone_off", "The phone was off or out of reach until the message's time was over: switch it on."
    LINE_BUSY = "line_busy", "The line was engaged each time: try again later."
    NO_PICKUP = "no_pickup", "Nobody picked up: check that the fax machine is on."
    NO_FAX = "no_fax", "No fax machine answered, or the two did not understand each other: check the number."
    PHONE_FULL = "phone_full", "The phone's memory is full: delete messages."
    BARRED = (
        "barred",
        "The receiver or the operator has barred such messages: have it lifted there, or take another channel.",
    )
    UNABLE = "unable", "The phone or its subscription takes no such messages: take another channel."
    FILTERED = (
        "filtered",
        "The operator's filter took the message for spam or its sender for a false one: write it otherwise, or have "
        "the sender registered with the provider.",
    )

    # what goes wrong on our side
    UNDECODABLE = "undecodable", "The record on the stream cannot be read."
    POISON = "poison", "Handling this record failed every time; it is kept for a person to look at."
