"""Own cases: what the libraries, or people, get wrong, with the answer as data.

Each is (id, the VEVENTs' lines without UID, expected). A window from 2026-10-01 to 2027-04-30, an account in
Europe/Brussels (the clocks change on 2026-10-25 and 2027-03-28). Expected is one string an occurrence, in UTC:
`start/end`, then `#recurrence-id`, `!` cancelled, `?` tentative, `@alarm`, as far as it has them; six are compared.
"""

from typing import NamedTuple


class Trap(NamedTuple):
    """One appointment and what it must give."""

    id: str
    text: str
    expected: str
    trouble: str = ""
    head: str = ""


def _weekly(rule: str, more: str = "", start: str = "20261019T090000", length: str = "DURATION:PT1H") -> str:
    return f"DTSTART;TZID=Europe/Brussels:{start}\n{length}\nRRULE:{rule}\n{more}"


def _alarm(*lines: str) -> str:
    return "\n".join(("BEGIN:VALARM", "ACTION:DISPLAY", *lines, "END:VALARM"))


SINGLE = "DTSTART:20261110T090000Z\nDTEND:20261110T100000Z"
_CHANGED = "\n---\nRECURRENCE-ID;TZID=Europe/Brussels:20261026T090000\nDTSTART;TZID=Europe/Brussels:"

TRAPS = [
    Trap("a single one", SINGLE, "20261110T0900/1000"),
    Trap("no end takes no time", "DTSTART:20261110T090000Z", "20261110T0900/0900"),
    Trap("a whole day without an end is one day", "DTSTART;VALUE=DATE:20261110", "20261109T2300/20261110T2300"),
    Trap(
        "a whole day that ends on itself is one day",
        "DTSTART;VALUE=DATE:20261110\nDTEND;VALUE=DATE:20261110",
        "20261109T2300/20261110T2300",
    ),
    Trap("a day without VALUE=DATE is a day", "DTSTART:20261110\nDTEND:20261112", "20261109T2300/20261111T2300"),
    Trap(
        "the day the clocks go back has 25 hours",
        "DTSTART;VALUE=DATE:20261025\nDTEND;VALUE=DATE:20261026",
        "20261024T2200/20261025T2300",
    ),
    Trap("the day the clocks go forward has 23 hours", "DTSTART;VALUE=DATE:20270328", "20270327T2300/20270328T2200"),
    Trap("a floating time is the account's", "DTSTART:20261110T090000\nDURATION:PT30M", "20261110T0800/0830"),
    Trap(
        "weekly keeps the wall clock over the change",
        _weekly("FREQ=WEEKLY;COUNT=2"),
        "20261019T0700/0800 20261026T0800/0900",
    ),
    Trap(
        "weekly in UTC does not",
        "DTSTART:20261019T070000Z\nRRULE:FREQ=WEEKLY;COUNT=2",
        "20261019T0700/0700 20261026T0700/0700",
    ),
    Trap(
        "a start in the gap is moved on and its half hour stays half an hour",
        "DTSTART;TZID=Europe/Brussels:20270328T023000\nDURATION:PT30M",
        "20270328T0130/0200",
    ),
    Trap(
        "of the hour that comes twice the first counts",
        "DTSTART;TZID=Europe/Brussels:20261025T023000\nDURATION:PT1H",
        "20261025T0030/0130",
    ),
    Trap(
        "PT24H over the change is 24 hours",
        "DTSTART;TZID=Europe/Brussels:20261024T120000\nDURATION:PT24H",
        "20261024T1000/20261025T1000",
    ),
    Trap(
        "P1D over the change ends at the same wall clock",
        "DTSTART;TZID=Europe/Brussels:20261024T120000\nDURATION:P1D",
        "20261024T1000/20261025T1100",
    ),
    Trap(
        "P1DT2H adds the day first",
        "DTSTART;TZID=Europe/Brussels:20261024T120000\nDURATION:P1DT2H",
        "20261024T1000/20261025T1300",
    ),
    Trap(
        "P1W is seven nominal days",
        "DTSTART;TZID=Europe/Brussels:20261019T120000\nDURATION:P1W",
        "20261019T1000/20261026T1100",
    ),
    Trap(
        "of DTEND the exact length repeats",
        _weekly("FREQ=WEEKLY;COUNT=2", start="20261017T220000", length="DTEND;TZID=Europe/Brussels:20261018T060000"),
        "20261017T2000/20261018T0400 20261024T2000/20261025T0400",
    ),
    Trap(
        "of DURATION the nominal length repeats",
        _weekly("FREQ=WEEKLY;COUNT=2", start="20261017T120000", length="DURATION:P1D"),
        "20261017T1000/20261018T1000 20261024T1000/20261025T1100",
    ),
    Trap(
        "DTEND in another zone",
        "DTSTART;TZID=Europe/Brussels:20261110T090000\nDTEND;TZID=Europe/London:20261110T090000",
        "20261110T0800/0900",
    ),
    Trap(
        "EXDATE takes one out",
        _weekly("FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Brussels:20261026T090000"),
        "20261019T0700/0800 20261102T0800/0900",
    ),
    Trap(
        "EXDATE in UTC takes the same one out",
        _weekly("FREQ=WEEKLY;COUNT=3", "EXDATE:20261026T080000Z"),
        "20261019T0700/0800 20261102T0800/0900",
    ),
    Trap(
        "EXDATE as a day takes out what is on it",
        _weekly("FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20261026"),
        "20261019T0700/0800 20261102T0800/0900",
    ),
    Trap(
        "EXDATE of several",
        _weekly("FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Brussels:20261026T090000,20261102T090000"),
        "20261019T0700/0800",
    ),
    Trap(
        "RDATE adds one",
        _weekly("FREQ=WEEKLY;COUNT=1", "RDATE;TZID=Europe/Brussels:20261101T120000"),
        "20261019T0700/0800 20261101T1100/1200",
    ),
    Trap(
        "RDATE of one that the rule gives changes nothing",
        _weekly("FREQ=WEEKLY;COUNT=2", "RDATE;TZID=Europe/Brussels:20261026T090000"),
        "20261019T0700/0800 20261026T0800/0900",
    ),
    Trap(
        "a period of RDATE has its own end",
        "DTSTART:20261110T090000Z\nDTEND:20261110T100000Z\nRDATE;VALUE=PERIOD:20261112T090000Z/20261112T120000Z,20261113T090000Z/PT2H",
        "20261110T0900/1000 20261112T0900/1200 20261113T0900/1100",
    ),
    Trap(
        "UNTIL is inclusive", _weekly("FREQ=WEEKLY;UNTIL=20261026T080000Z"), "20261019T0700/0800 20261026T0800/0900"
    ),
    Trap(
        "UNTIL as a day on a timed one",
        _weekly("FREQ=WEEKLY;UNTIL=20261027"),
        "20261019T0700/0800 20261026T0800/0900",
    ),
    Trap(
        "the last Friday of the month",
        "DTSTART:20261030T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
        "20261030T0900/0900 20261127T0900/0900 20261225T0900/0900",
    ),
    Trap(
        "the 31st skips short months",
        "DTSTART:20261031T090000Z\nRRULE:FREQ=MONTHLY;COUNT=3",
        "20261031T0900/0900 20261231T0900/0900 20270131T0900/0900",
    ),
    Trap(
        "the last weekday by BYSETPOS",
        "DTSTART:20261030T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
        "20261030T0900/0900 20261130T0900/0900",
    ),
    Trap(
        "every other week by its week start",
        "DTSTART:20261103T090000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "20261103T0900/0900 20261115T0900/0900 20261117T0900/0900 20261129T0900/0900",
    ),
    Trap(
        "a moved one keeps its recurrence id",
        _weekly("FREQ=WEEKLY;COUNT=3") + _CHANGED + "20261027T150000\nDURATION:PT2H",
        "20261019T0700/0800 20261027T1400/1600#20261026T080000Z 20261102T0800/0900",
    ),
    Trap(
        "a moved one named in UTC replaces the same",
        _weekly("FREQ=WEEKLY;COUNT=2") + "\n---\nRECURRENCE-ID:20261026T080000Z\nDTSTART:20261027T140000Z",
        "20261019T0700/0800 20261027T1400/1400#20261026T080000Z",
    ),
    Trap(
        "a cancelled one is told as cancelled",
        _weekly("FREQ=WEEKLY;COUNT=2") + _CHANGED + "20261026T090000\nSTATUS:CANCELLED",
        "20261019T0700/0800 20261026T0800/0800#20261026T080000Z!",
    ),
    Trap(
        "a moved one that was taken out stays out",
        _weekly("FREQ=WEEKLY;COUNT=2", "EXDATE;TZID=Europe/Brussels:20261026T090000") + _CHANGED + "20261027T150000",
        "20261019T0700/0800",
    ),
    Trap(
        "this and future moves all later ones, which share its recurrence id",
        _weekly("FREQ=WEEKLY;COUNT=4")
        + "\n---\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Brussels:20261102T090000\n"
        "DTSTART;TZID=Europe/Brussels:20261102T110000\nDURATION:PT2H",
        "20261019T0700/0800 20261026T0800/0900 "
        "20261102T1000/1200#20261102T080000Z 20261109T1000/1200#20261102T080000Z",
    ),
    Trap(
        "a changed one without its series stands alone",
        "RECURRENCE-ID:20261110T080000Z\n" + SINGLE,
        "20261110T0900/1000#20261110T080000Z",
    ),
    Trap(
        "a changed day is named by its day",
        "DTSTART;VALUE=DATE:20261109\nRRULE:FREQ=DAILY;COUNT=2"
        "\n---\nRECURRENCE-ID;VALUE=DATE:20261110\nDTSTART;VALUE=DATE:20261112",
        "20261108T2300/20261109T2300 20261111T2300/20261112T2300#20261110",
    ),
    Trap(
        "of two versions the higher SEQUENCE counts",
        "SEQUENCE:2\n" + SINGLE + "\n---\nSEQUENCE:1\nDTSTART:20261111T090000Z",
        "20261110T0900/1000",
    ),
    Trap("tentative", SINGLE + "\nSTATUS:TENTATIVE", "20261110T0900/1000?"),
    Trap("a calendar that cancels", SINGLE, "20261110T0900/1000!", head="METHOD:CANCEL\n"),
    Trap(
        "X-WR-TIMEZONE makes UTC recur by its clock",
        "DTSTART:20261019T070000Z\nRRULE:FREQ=WEEKLY;COUNT=2",
        "20261019T0700/0700 20261026T0800/0800",
        head="X-WR-TIMEZONE:Europe/Brussels\n",
    ),
    Trap(
        "X-WR-TIMEZONE is where floating times lie",
        "DTSTART:20261110T090000",
        "20261110T1400/1400",
        head="X-WR-TIMEZONE:America/New_York\n",
    ),
    Trap(
        "an unknown X-WR-TIMEZONE is named",
        SINGLE,
        "20261110T0900/1000",
        "calendar's zone 'Mars/Olympus' is unknown",
        "X-WR-TIMEZONE:Mars/Olympus\n",
    ),
    Trap(
        "an unknown TZID is named and taken as the account's",
        "DTSTART;TZID=Mars/Olympus:20261110T090000",
        "20261110T0800/0800",
        "the zone 'Mars/Olympus' is unknown",
    ),
    Trap("a Windows zone is known", "DTSTART;TZID=Romance Standard Time:20261110T090000", "20261110T0800/0800"),
    Trap(
        "a zone it brings along is obeyed",
        "DTSTART;TZID=Ship:20261110T090000",
        "20261110T0330/0330",
        head="BEGIN:VTIMEZONE\nTZID:Ship\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n",
    ),
    Trap(
        "a broken zone is named",
        "DTSTART;TZID=Ship:20261110T090000",
        "20261110T0800/0800",
        "zone",
        head="BEGIN:VTIMEZONE\nTZID:Ship\nBEGIN:STANDARD\nDTSTART:nonsense\nEND:STANDARD\nEND:VTIMEZONE\n",
    ),
    Trap("no start", "SUMMARY:nothing", "", "it has no start"),
    Trap("a broken start", "DTSTART:20261399T000000Z", "", "its DTSTART '20261399T000000Z' cannot be read"),
    Trap(
        "a broken end",
        "DTSTART:20261110T090000Z\nDTEND:never",
        "20261110T0900/0900",
        "its DTEND 'never' cannot be read",
    ),
    Trap(
        "an end before the start",
        "DTSTART:20261110T090000Z\nDTEND:20261110T080000Z",
        "20261110T0900/0900",
        "it ends before it starts",
    ),
    Trap("a broken length", "DTSTART:20261110T090000Z\nDURATION:long", "20261110T0900/0900", "'long' is no duration"),
    Trap(
        "a broken EXDATE",
        _weekly("FREQ=WEEKLY;COUNT=2", "EXDATE:sometimes"),
        "20261019T0700/0800 20261026T0800/0900",
        "its EXDATE 'sometimes' cannot be read",
    ),
    Trap(
        "a broken UNTIL",
        _weekly("FREQ=WEEKLY;UNTIL=soon"),
        "20261019T0700/0800",
        "its rule 'FREQ=WEEKLY;UNTIL=soon' cannot be followed",
    ),
    Trap("a broken line elsewhere costs nothing", SINGLE + "\nthis is no property\nX-A;;;=:1", "20261110T0900/1000"),
    Trap("an alarm before the start", SINGLE + "\n" + _alarm("TRIGGER:-PT15M"), "20261110T0900/1000@20261110T0845"),
    Trap(
        "an alarm before the end",
        SINGLE + "\n" + _alarm("TRIGGER;RELATED=END:-PT15M"),
        "20261110T0900/1000@20261110T0945",
    ),
    Trap(
        "an alarm at an instant",
        SINGLE + "\n" + _alarm("TRIGGER;VALUE=DATE-TIME:20261109T120000Z"),
        "20261110T0900/1000@20261109T1200",
    ),
    Trap(
        "an alarm that repeats",
        SINGLE + "\n" + _alarm("TRIGGER:-PT30M", "REPEAT:2", "DURATION:PT10M"),
        "20261110T0900/1000@20261110T0830@20261110T0840@20261110T0850",
    ),
    Trap(
        "-PT8H over the change is eight hours",
        "DTSTART;TZID=Europe/Brussels:20261025T060000\n" + _alarm("TRIGGER:-PT8H"),
        "20261025T0500/0500@20261024T2100",
    ),
    Trap(
        "-P1D over the change is the same wall clock",
        "DTSTART;TZID=Europe/Brussels:20261025T120000\n" + _alarm("TRIGGER:-P1D"),
        "20261025T1100/1100@20261024T1000",
    ),
    Trap(
        "a whole day's alarm is of the account's midnight",
        "DTSTART;VALUE=DATE:20261110\n" + _alarm("TRIGGER:-PT15H"),
        "20261109T2300/20261110T2300@20261109T0800",
    ),
    Trap(
        "a whole day's alarm in the morning",
        "DTSTART;VALUE=DATE:20261110\n" + _alarm("TRIGGER:PT9H"),
        "20261109T2300/20261110T2300@20261110T0800",
    ),
    Trap(
        "an acknowledged alarm is silent",
        SINGLE + "\n" + _alarm("TRIGGER:-PT15M", "ACKNOWLEDGED:20261110T084500Z"),
        "20261110T0900/1000",
    ),
    Trap(
        "one acknowledged for an earlier occurrence is not",
        _weekly("FREQ=WEEKLY;COUNT=2", _alarm("TRIGGER:-PT15M", "ACKNOWLEDGED:20261019T070000Z")),
        "20261019T0700/0800 20261026T0800/0900@20261026T0745",
    ),
    Trap(
        "a fresh DTSTAMP does not mean seen",
        SINGLE + "\nDTSTAMP:20261110T084600Z\n" + _alarm("TRIGGER:-PT15M"),
        "20261110T0900/1000@20261110T0845",
    ),
    Trap(
        "Thunderbird's stamp does",
        SINGLE + "\nX-MOZ-LASTACK:20261110T084600Z\n" + _alarm("TRIGGER:-PT15M"),
        "20261110T0900/1000",
    ),
    Trap(
        "an instant rings once in a series, with the first that has not ended",
        _weekly("FREQ=WEEKLY;COUNT=3", _alarm("TRIGGER;VALUE=DATE-TIME:20261020T120000Z")),
        "20261019T0700/0800 20261026T0800/0900@20261020T1200 20261102T0800/0900",
    ),
    Trap(
        "an alarm of action NONE does not ring",
        SINGLE + "\n" + _alarm("TRIGGER:-PT15M").replace("DISPLAY", "NONE"),
        "20261110T0900/1000",
    ),
    Trap(
        "the same alarm twice rings once",
        SINGLE + "\n" + _alarm("TRIGGER:-PT15M") + "\n" + _alarm("TRIGGER:-PT15M"),
        "20261110T0900/1000@20261110T0845",
    ),
    Trap(
        "a cancelled one does not ring",
        SINGLE + "\nSTATUS:CANCELLED\n" + _alarm("TRIGGER:-PT15M"),
        "20261110T0900/1000!",
    ),
    Trap(
        "a broken trigger is named and the others ring",
        SINGLE + "\n" + _alarm("TRIGGER:soon") + "\n" + _alarm("TRIGGER:-PT5M"),
        "20261110T0900/1000@20261110T0855",
        "one of its alarms cannot be read",
    ),
    Trap(
        "an all-day alarm never raises",
        "DTSTART;VALUE=DATE:20261110\n" + _alarm("TRIGGER;RELATED=END:-P1D"),
        "20261109T2300/20261110T2300@20261109T2300",
    ),
    Trap(
        "a night hour on a day of no such hour is given once",
        "DTSTART;TZID=Europe/Brussels:20270328T010000\nRRULE:FREQ=HOURLY;COUNT=3",
        "20270328T0000/0000 20270328T0100/0100",
    ),
    Trap(
        "those that began before the window and still last",
        "DTSTART:20260901T090000Z\nDURATION:P10D\nRRULE:FREQ=WEEKLY;COUNT=5",
        "20260922T0900/20261002T0900 20260929T0900/20261009T0900",
    ),
    Trap(
        "since 1604, as for a birthday without a year",
        "DTSTART;VALUE=DATE:16041110\nRRULE:FREQ=YEARLY",
        "20261109T2300/20261110T2300",
    ),
]
