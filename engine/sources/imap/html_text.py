"""What a person would read of an HTML part. Pure, linear in its length, never raises.

`html.parser` takes quadratic time on unclosed comments (200 kB: 22 s); this scanner looks at each byte once.
"""

import html
import re

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset"}
    | {"footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol"}
    | {"option", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "title", "tr", "ul"}
)
_SILENT = frozenset(["script", "style", "head", "noscript", "template", "svg", "object", "xml"])
_CELLS = frozenset(["td", "th"])
_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]{0,30}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}(?![0-9])|#[xX][0-9a-fA-F]{1,6}(?![0-9a-fA-F])|[A-Za-z][A-Za-z0-9]{1,31});?")
_SPACES = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r" ?\n[ \n]*")


def read_html(source: str) -> str:
    """The text of an HTML document: no tags, scripts, styles or comments; a line for each block."""
    low = source.lower()
    if len(low) != len(source):  # a few letters change their length in lower case
        low = source
    out: list[str] = []
    here, size = 0, len(source)
    unclosed: set[str] = set()
    """Ends that were looked for in vain: they are not looked for again."""

    def find_end(mark: str, start: int) -> int:
        if mark in unclosed:
            return -1
        end = low.find(mark, start)
        if end < 0:
            unclosed.add(mark)
        return end

    while here < size:
        less = low.find("<", here)
        if less < 0:
            out.append(source[here:])
            break
        out.append(source[here:less])
        if low.startswith("<!--", less):
            end = find_end("-->", less + 4)
            here = end + 3 if end >= 0 else less + 4
            continue
        named = _NAME.match(low, less + 1)
        if named is None and not low.startswith(("<!", "<?"), less):
            out.append("<")
            here = less + 1
            continue
        close = find_end(">", less + 1)
        if close < 0:
            break  # a tag without an end: what follows is no text
        here = close + 1
        name = named[0] if named else ""
        if name in _SILENT and not low.startswith("/>", close - 1):
            end = find_end(f"</{name}", here)
            if end >= 0:
                here = end
        name = name.lstrip("/")
        if name in _BLOCKS:
            out.append("\n")
        elif name in _CELLS:
            out.append(" ")
    text = _ENTITY.sub(_read_entity, _SPACES.sub(" ", "".join(out).replace("\r", "\n")))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _read_entity(found: re.Match[str]) -> str:
    return html.unescape(found[0])
