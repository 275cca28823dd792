"""How many of a thing, as people say it."""


def number(count: int, one: str, many: str = "") -> str:
    """``1 rule``, ``2 rules``; `many` where it is not made by an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
