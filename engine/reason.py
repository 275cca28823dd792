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

    # what the channel router and admission answer
    ADMITTED = "admitted", "Within consent, caps and credit: the credit is reserved."
    ACCOUNT_FROZEN = "account_frozen", "The account is frozen; nothing is sent for it."
    NO_ROUTE = "no_route", "No line of the tariff covers this number or channel: nobody carries it."
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

    INSTEAD = "instead", "By this channel, since the one before it did not reach its receiver in the rule's time."
    NOT_IN_TIME = "not_in_time", "It had not left in the rule's time, and the next channel is taken; the credit is back."
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

    # what sending answers
    ACCEPTED = "accepted", "The provider took the message: it left our system."
    PROVIDER_REFUSED = "provider_refused", "The provider refused the message."
    BAD_NUMBER = "bad_number", "The provider says that this number does not exist."
    NOT_CAPABLE = (
        "not_capable",
        "This phone cannot receive messages of this kind (MMS, RCS); the next channel is taken.",
    )
    UNFIT = "unfit", "The text holds a character that the provider cannot carry; it was not sent."
    BAD_ADDRESS = "bad_address", "The mail server says that this address does not exist."
    MAILBOX_FULL = "mailbox_full", "The mailbox is full, or the mail is too large for it."
    PROVIDER_NO_CREDIT = "provider_no_credit", "Our own credit with the provider is used up."
    PROVIDER_AUTH = "provider_auth", "The provider refused our user name or password."
    PROVIDER_BUSY = "provider_busy", "The provider asked us to slow down; we try again."
    PROVIDER_UNREACHABLE = "provider_unreachable", "The provider could not be reached; we try again."
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
    UNDELIVERED = "undelivered", "The network gave up."
    PHONE_OFF = "phone_off", "The phone is off or out of reach."
    LINE_BUSY = "line_busy", "The line was engaged each time."
    NO_PICKUP = "no_pickup", "Nobody picked up."
    NO_FAX = "no_fax", "No fax machine answered, or the two did not understand each other."
    PHONE_FULL = "phone_full", "The phone's memory is full: delete messages."

    # what goes wrong on our side
    UNDECODABLE = "undecodable", "The record on the stream cannot be read."
    POISON = "poison", "Handling this record failed every time; it is kept for a person to look at."
