"""The answers of WebDAV servers, read without trust."""

import pytest

from engine.sources.calendar.multistatus import Member, read_multistatus

ANSWER = b"""<?xml version='1.0' encoding='UTF-8'?>
<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/">
  <D:response>
    <D:href> https://dav.example/anna/home/a%20b.ics </D:href>
    <D:propstat>
      <D:prop><D:getetag>"1"</D:getetag><C:calendar-data>BEGIN:A&amp;B<![CDATA[<&]]>
END</C:calendar-data></D:prop>
      <D:status>HTTP/1.1 200 OK</D:status>
    </D:propstat>
    <D:propstat><D:prop><S:getctag/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>
  </D:response>
  <D:sync-token> t-8 </D:sync-token>
  <D:response><D:href>/anna/home/gone.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>
  <D:response><D:href>/anna/home/</D:href><D:propstat><D:prop>
    <D:resourcetype><D:collection/><C:calendar/></D:resourcetype><S:getctag>"7"</S:getctag>
    <D:owner><D:href>/anna/</D:href></D:owner><D:sync-token>not this one</D:sync-token>
  </D:prop></D:propstat></D:response>
</D:multistatus>
"""


def test_an_answer_is_read_as_it_is_meant() -> None:
    found = read_multistatus(ANSWER)
    assert found.token == "t-8"
    assert found.members == [
        Member(href="/anna/home/a%20b.ics", etag='"1"', text="BEGIN:A&B<&\nEND"),
        Member(href="/anna/home/gone.ics", status=404),
        Member(href="/anna/home/", ctag='"7"', is_collection=True),
    ]


def test_the_names_of_namespaces_play_no_part() -> None:
    plain = b'<multistatus xmlns="DAV:"><response><href>/a</href><status>x</status></response></multistatus>'
    assert read_multistatus(plain).members == [Member(href="/a")]


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE = {
    "laughs": f'<!DOCTYPE m [<!ENTITY l0 "ha">{_LAUGHS}]><multistatus xmlns="DAV:">&l11;</multistatus>'.encode(),
    "external": b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:">&x;</multistatus>',
    "UTF-16": '<!DOCTYPE m SYSTEM "http://x/"><multistatus xmlns="DAV:"/>'.encode("utf-16"),
    "deep": b'<multistatus xmlns="DAV:">' + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</multistatus>",
    "page": b"<html><body>Sign in</body></html>",
    "page with a type": b"<!DOCTYPE html><html></html>",
    "other root": b'<error xmlns="DAV:"/>',
    "half": ANSWER[:-40],
    "empty": b"",
    "noise": bytes(range(256)),
    "no XML": b"BEGIN:VCALENDAR",
    "unknown entity": b'<multistatus xmlns="DAV:">&nbsp;</multistatus>',
    "bad encoding": b'<?xml version="1.0" encoding="klingon"?><multistatus xmlns="DAV:"/>',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_multistatus(body)
