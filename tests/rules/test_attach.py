"""Which files of a mail go along, and how each road says what it brings and what is lacking."""

from typing import Any

import pytest

from engine.enclosure import MOST, Enclosure, Lack
from engine.event import Attachment
from engine.notification import Channel, Notification, Road
from engine.rules.attach import Attach, enclose, pick
from engine.segments import count
from tests.builders import a_mail, a_notification
from tests.rules.test_tell import tell

LINK = "https://tocsin.example/media/AAAAAAAAAAAAAAAAAAAAAA/500000/BBBBBBBBBBBBBBBBBBBBBB/1.jpg"


def an_attachment(name: str, media_type: str, size: int = 1000, section: str = "2") -> Attachment:
    return Attachment(name=name, media_type=media_type, size=size, section=section)


MAIL = a_mail(
    attachments=(
        an_attachment("photo.jpg", "image/jpeg", section="2"),
        an_attachment("Scan.PDF", "application/octet-stream", section="3"),
        an_attachment("sheet.xlsx", "application/vnd.ms-excel", section="4"),
        an_attachment("logo.svg", "image/svg+xml", section="5"),
    )
)


def an_enclosure(**other: Any) -> Enclosure:
    [first, *_] = pick(MAIL, "images")
    return first.model_copy(update={"kept": True, "pages": 1, **other})


def finished(*found: Enclosure, link: str = LINK, **other: Any) -> Notification:
    return enclose(a_notification(**other), found, lambda each: link)


@pytest.mark.parametrize(
    ("attach", "sections"),
    [("none", ""), ("images", "2"), ("pdf", "3"), ("documents", "23"), ("all", "2345")],
)
def test_a_rule_says_which_files_go_along(attach: Attach, sections: str) -> None:
    found = pick(MAIL, attach)
    assert "".join(each.section for each in found) == sections
    assert {each.mail.uid for each in found} <= {MAIL.uid}


def test_no_more_than_ten_files_go_along() -> None:
    mail = a_mail(attachments=tuple(an_attachment(f"{n}.png", "image/png", section=str(n)) for n in range(2, 40)))
    assert len(pick(mail, "images")) == MOST


def test_what_a_rule_tells_carries_the_files_and_a_road_by_sms_behind_what_not_every_phone_receives() -> None:
    [told] = tell("{to: me, channels: [rcs, mms, email], attach: images, text: hi}", mail=MAIL)
    assert [each.name for each in told.enclosures] == ["photo.jpg"]
    assert [told.channel, *(each.channel for each in told.otherwise)] == [
        Channel.RCS,
        Channel.MMS,
        Channel.SMS,
        Channel.EMAIL,
    ]


@pytest.mark.parametrize("channels", ["[mms, sms]", "[sms, mms]", "email"])
def test_no_road_by_sms_is_added_where_there_is_one_or_none_is_needed(channels: str) -> None:
    [told] = tell(f"{{to: me, channels: {channels}, text: hi}}", mail=MAIL)
    assert [told.channel, *(each.channel for each in told.otherwise)].count(Channel.SMS) == (channels != "email")


def test_an_sms_says_where_the_picture_is_in_one_part_more() -> None:
    told = finished(an_enclosure(), text="Boss: see this")
    assert told.text == f"Boss: see this\n{LINK}"
    assert told.max_parts == 2
    assert count(told.text).parts == 1


def test_a_text_that_fills_its_part_gives_way_to_the_link_only_as_far_as_it_must() -> None:
    told = finished(an_enclosure(), text="é" * 160)
    assert count(told.text).parts == 2
    assert told.text.endswith(f"\n{LINK}")
    assert told.text.startswith("é" * 160)
    wide = finished(an_enclosure(), text="Ж" * 70)
    assert count(wide.text).parts <= 2
    assert wide.text.endswith(f"...\n{LINK}")


def test_an_sms_has_as_many_links_as_there_is_room_for_and_counts_the_rest() -> None:
    told = finished(*[an_enclosure(section=str(n)) for n in range(5)], text="Boss")
    assert told.text.count(LINK) == 3
    assert told.text.endswith(" (+2)")
    assert count(told.text).parts <= told.max_parts == 2


def test_a_text_that_its_author_wants_refused_for_its_length_stays_as_it_is() -> None:
    told = finished(an_enclosure(), text="x" * 400)
    assert (told.text, told.max_parts) == ("x" * 400, 1)


def test_without_a_public_address_the_sms_says_that_the_file_is_in_the_mail() -> None:
    told = finished(an_enclosure(), link="", text="Boss", language="nl")
    assert told.text == "Boss\nNiet bijgevoegd: photo.jpg (zie de mail)"


def test_each_road_says_what_it_lacks() -> None:
    roads = tuple(Road(channel=each, address="x", text="T") for each in (Channel.EMAIL, Channel.FAX, Channel.RCS))
    locked, gone = an_enclosure(name="locked.pdf", pages=0), an_enclosure(name="a\nb.pdf", kept=False, lack=Lack.GONE)
    told = finished(an_enclosure(), locked, gone, channel=Channel.MMS, text="T", otherwise=roads)
    mail, fax, rcs = (each.text for each in told.otherwise)
    assert mail == rcs == told.text == "T\n\nNot enclosed: a b.pdf (the mail is gone)"
    assert fax == "T\n\nNot enclosed: locked.pdf (cannot be faxed), a b.pdf (the mail is gone)"


def test_where_all_came_the_texts_of_roads_that_carry_files_stay_as_they_are() -> None:
    roads = (Road(channel=Channel.FAX, address="x", text="T"),)
    told = finished(an_enclosure(), channel=Channel.EMAIL, text="T", otherwise=roads)
    assert (told.text, told.otherwise[0].text) == ("T", "T")
    assert told.enclosures[0].kept
