"""What a file is stands in its first bytes; what it is called is only a claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.medium import BYTES, GIF, JPEG, PDF, PNG, WEBP, claimed, seen


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", PNG),
        (b"\xff\xd8\xff\xe0JFIF", JPEG),
        (b"GIF89a", GIF),
        (b"GIF87a", GIF),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", WEBP),
        (b"%PDF-1.7", PDF),
        (b"\r\n junk of a scanner %PDF-1.4", PDF),
        (b"x" * 2000 + b"%PDF-1.4", ""),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", ""),
        (b"<html><script>", ""),
        (b"MZ\x90", ""),
        (b"", ""),
    ],
)
def test_the_first_bytes_say_what_a_file_is(body: bytes, kind: str) -> None:
    assert seen(body) == kind


@given(st.binary(max_size=64))
def test_any_bytes_are_one_kind_or_none(body: bytes) -> None:
    assert seen(body) in ("", PNG, JPEG, GIF, WEBP, PDF)


@pytest.mark.parametrize(
    ("media_type", "name", "kind"),
    [
        ("image/jpeg", "a.jpg", JPEG),
        ("image/JPG", "a", JPEG),
        ("application/octet-stream", "Scan.PDF", PDF),
        ("application/octet-stream", "a.jpeg", JPEG),
        ("application/octet-stream", "a.exe", BYTES),
        ("text/html", "a.png", "text/html"),
        ("image/svg+xml", "a.svg", "image/svg+xml"),
    ],
)
def test_a_name_counts_only_where_the_type_says_nothing(media_type: str, name: str, kind: str) -> None:
    assert claimed(media_type, name) == kind
