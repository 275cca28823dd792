"""Calendars that are meant to stop whoever reads them. Each holds the attack `bad` and most a harmless `good`."""

GOOD = "BEGIN:VEVENT\nUID:good\nDTSTART:20261201T090000Z\nEND:VEVENT\n"


def _event(lines: str) -> str:
    return f"BEGIN:VCALENDAR\n{GOOD}BEGIN:VEVENT\nUID:bad\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"


def _rule(rule: str, start: str = "20200101T000000Z") -> str:
    return _event(f"DTSTART:{start}\nRRULE:{rule}")


def _zone(lines: str) -> str:
    zone = (
        f"BEGIN:VTIMEZONE\nTZID:Evil\nBEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\n{lines}\nEND:STANDARD\n"
    )
    event = "BEGIN:VEVENT\nUID:bad\nDTSTART;TZID=Evil:20261201T090000\nEND:VEVENT\n"
    return f"BEGIN:VCALENDAR\n{zone}END:VTIMEZONE\n{GOOD}{event}END:VCALENDAR\n"


#: An attack by its name, and what its owner is told of it.
REFUSED = {
    "every second": (_rule("FREQ=SECONDLY"), "by the minute"),
    "every minute since 1900": (_rule("FREQ=MINUTELY", "19000101T000000Z"), "by the minute"),
    "written in small letters": (_rule("freq=secondly"), "by the minute"),
    "no interval": (_rule("FREQ=DAILY;INTERVAL=0"), "INTERVAL must be 1 or more"),
    "a negative interval": (_rule("FREQ=DAILY;INTERVAL=-1"), "INTERVAL must be 1 or more"),
    "a thousand million times": (_rule("FREQ=DAILY;COUNT=1000000000"), "COUNT is over"),
    "each hour, minute and second": (
        _rule(
            f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))};"
            f"BYSECOND={','.join(map(str, range(60)))}"
        ),
        "86400 choices",
    ),
    "a day that never comes, daily": (_rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "it takes over"),
    "a day that never comes, hourly": (_rule("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), "it takes over"),
    "a set position that never comes": (_rule("FREQ=DAILY;BYSETPOS=300;BYHOUR=1,2"), "it takes over"),
    "hourly since 1900": (_rule("FREQ=HOURLY", "19000101T000000Z"), "it takes over"),
    "a thousand rules": (_event("DTSTART:20200101T000000Z\n" + "RRULE:FREQ=DAILY\n" * 1_000), "1000 rules"),
    "ten thousand single dates": (
        _event("DTSTART:20200101T000000Z\nRDATE:" + ",".join(["20261201T000000Z"] * 10_000)),
        "10000 single",
    ),
    "a line of five million characters": (
        _event("DTSTART:20261201T090000Z\nX-A:" + "x" * 5_000_000),
        "characters long",
    ),
    "ten thousand changed instances": (
        _event("DTSTART:20261201T090000Z").replace(
            "END:VCALENDAR",
            "BEGIN:VEVENT\nUID:bad\nRECURRENCE-ID:20261201T090000Z\nEND:VEVENT\n" * 10_000 + "END:VCALENDAR",
        ),
        "10001 changed instances",
    ),
    "nested a thousand deep": (_event("BEGIN:X\n" * 1_000 + "END:X\n" * 1_000), "nested over"),
    "an alarm that rings for ever": (
        _event("DTSTART:20261201T090000Z\nBEGIN:VALARM\nTRIGGER:-PT5M\nREPEAT:1000000000\nDURATION:PT1S\nEND:VALARM"),
        "may repeat 50 times",
    ),
    "a thousand alarms": (
        _event("DTSTART:20261201T090000Z" + "\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM" * 1_000),
        "1000 alarms",
    ),
    "a length beyond time": (
        _event("DTSTART:20261201T090000Z\nDURATION:P9999999W\nRRULE:FREQ=DAILY"),
        "is no duration",
    ),
    "a zone that changes every second": (_zone("DTSTART:20000101T000000\nRRULE:FREQ=SECONDLY"), "by the minute"),
}
