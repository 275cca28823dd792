"""What a text must hold for a pattern to be found in it: a literal is sooner looked for than a pattern.

This reads the part of RE2's syntax in which it cannot err; of any other pattern it says nothing. It is told of folded
texts of ASCII alone: in others a letter may be one with the mark behind it, which a pattern does not see.
"""

import re

#: A shorter literal stands in too many texts.
SHORT = 3

#: One piece of a pattern: what stands for itself; what stands for some character or for none; a group, whole.
_TOKEN = re.compile(
    r"""(?P<literal>[A-Za-z0-9_#@%&=:;,<>'"!~/`-]|\\[\[\](){}.*+?^$|\\/-])
    |(?P<other>[.^$\ ]|\\[dDwWsSbB]|\[\^?[\w\ #@.,:;-]+\])
    |(?P<group>\((?:\?:)?(?P<inner>[^()\[\]\\]*)\))""",
    re.VERBOSE | re.ASCII,
)
_REPEAT = re.compile(r"(?:[*+?]|\{(?P<least>\d+)(?:,\d*)?\})\??")
_FLAGS = re.compile(r"(?:\(\?-?[ims]+\))*")


def required(pattern: str) -> tuple[str, ...] | None:
    """Literals in small letters, of which each ASCII text that the pattern is found in has one; None: not known."""
    flags = _FLAGS.match(pattern)
    return _required(pattern[flags.end() if flags else 0 :])


def _required(pattern: str) -> tuple[str, ...] | None:
    """The same of a pattern without flags: the best of a sequence, all of alternatives."""
    choices: list[tuple[str, ...]] = []
    found: list[tuple[str, ...]] = []
    run, at = "", 0
    while at < len(pattern):
        if pattern[at] == "|":
            choices.append(_best([*found, (run,)]))
            found, run, at = [], "", at + 1
            continue
        token = _TOKEN.match(pattern, at)
        if token is None:
            return None
        repeat = _REPEAT.match(pattern, token.end())
        once = repeat is None or pattern[token.end()] == "+" or int(repeat["least"] or 0) > 0
        if token["literal"] and once:
            run += token["literal"][-1].lower()
        if repeat is not None or not token["literal"]:
            found.append((run,))
            run = ""
        if token["group"] and once:
            found.append(_required(token["inner"]) or ())
        at = repeat.end() if repeat is not None else token.end()
    choices.append(_best([*found, (run,)]))
    return tuple(literal for choice in choices for literal in choice) if all(choices) else None


def _best(found: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Of what must all be there, the one that is looked for: its shortest literal is the longest."""
    best = max(found, key=lambda literals: min(map(len, literals), default=0))
    return best if best and min(map(len, best)) >= SHORT else ()
