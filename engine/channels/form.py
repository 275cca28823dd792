"""The fields of a request whose body is a form (application/x-www-form-urlencoded)."""

from urllib.parse import parse_qsl

#: More than any provider sends.
_MOST_FIELDS = 200


def read_form(body: bytes) -> dict[str, str]:
    """Name and value of each field; of a name that comes twice the last. Raises ValueError for too many fields."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS))
