"""What is no file of filters is refused with its place, not read."""

from contextlib import suppress

import pytest

from engine.errors import ConfigurationError
from engine.importers.content import MOST_BYTES
from tests.importers.converting import convert, files

_FEED = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:apps='http://schemas.google.com/apps/2006'>"
_BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    ("kind", "content", "place", "said"),
    [
        ("gmail", "", "x", "empty"),
        ("gmail", "name,value\n", "x:1", "not well-formed XML"),
        ("gmail", "<html>\n<body/></html>", "x:1", "not an export of Gmail's filters"),
        ("gmail", f"{_FEED}\n<entry>\n", "x:3", "not well-formed XML"),
        ("gmail", f"{_BOMB}\n{_FEED}&b;</feed>", "x:1", "a document type"),
        ("gmail", f"{_FEED}\n&lol;</feed>", "x:2", "undefined entity"),
        ("gmail", _FEED + "\n<a>" * 100_000, "x:17", "elements inside elements"),
        ("thunderbird", 'name="a"\n', "x:1", "no version"),
        ("thunderbird", "From: someone\n", "x:1", "not a filter file"),
        ("thunderbird", 'version="9"\nname="a', "x:2", "never closes"),
        ("thunderbird", 'version="9"\nwhatever\n', "x:2", "not a line of"),
        ("sieve", "# only a comment\n", "x", "no command"),
        ("sieve", "if true {\n  stop;\n", "x:3", "the script ends before its '}'"),
        ("sieve", 'require "a"\nkeep;', "x:2", "';' must stand here"),
        ("sieve", 'if header "a" "b\n{ stop; }', "x:1", "a string that never closes"),
        ("sieve", "keep; /* and so on", "x:1", "a comment that never closes"),
        ("sieve", "if not " * 100_000, "x:1", "inside each other"),
        ("sieve", "if true {\n" * 100_000, "x:31", "inside each other"),
        ("sieve", "keep;\n\x00", "x:2", "a zero byte"),
        ("sieve", b"# caf\xe9\nkeep;", "x:1", "not UTF-8: byte 0xe9"),
        ("sieve", "keep;\n" * (MOST_BYTES // 6 + 1), "x", "larger than 1 MB"),
    ],
)
def test_it_is_refused_with_its_place(kind: str, content: str | bytes, place: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        convert(kind, content)
    assert caught.value.place == place
    assert said in caught.value.message


@pytest.mark.parametrize("kind", ["gmail", "thunderbird", "sieve"])
def test_a_file_cut_anywhere_is_converted_or_refused(kind: str) -> None:
    whole = files(kind)[0].read_text()
    for end in range(1, len(whole), 97):
        # any other error would end the test
        with suppress(ConfigurationError):
            convert(kind, whole[:end])
