"""Problems as a person, an editor, a continuous integration or a program reads them."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from engine.document.problem import Problem, Related, Span, in_order

#: Longer lines are shown as a window around the place.
_WIDTH = 150

_COLOUR = {"error": "\033[1;31m", "warning": "\033[1;33m", "bold": "\033[1m", "frame": "\033[34m", "end": "\033[0m"}
_PLAIN = dict.fromkeys(_COLOUR, "")


def text(problems: Iterable[Problem], colour: bool = False) -> str:
    """For a terminal: the line, a mark under the place, the correction. Empty when there is no problem."""
    style = _COLOUR if colour else _PLAIN
    return "\n\n".join(_block(problem, style) for problem in in_order(problems))


def gnu(problems: Iterable[Problem]) -> str:
    """One line each, ``file:line:column: error: …``: editors and terminals jump to it."""
    return "\n".join(
        f"{_show(problem.place)}: {problem.severity}: {_sentence(problem)}" for problem in in_order(problems)
    )


def github(problems: Iterable[Problem]) -> str:
    """Workflow commands that mark the lines of a pull request."""
    return "\n".join(
        f"::{problem.severity} file={_escape(problem.file)},line={problem.span.line},col={problem.span.col},"
        f"endLine={problem.span.end_line},endColumn={problem.span.end_col},title={_escape(problem.code)}"
        f"::{_escape(_sentence(problem), whole=True)}"
        for problem in in_order(problems)
    )


def as_json(problems: Iterable[Problem]) -> str:
    """A JSON array, an object for each problem. Lines and columns count from 1; the end is exclusive."""
    return json.dumps([_record(problem) for problem in in_order(problems)], ensure_ascii=False, indent=2)


#: By the name that ``tocsin check --format`` takes.
FORMATS: Mapping[str, Callable[[Iterable[Problem]], str]] = {
    "text": text,
    "gnu": gnu,
    "github": github,
    "json": as_json,
}


def _sentence(problem: Problem) -> str:
    more = problem.label or problem.hint
    return _show(f"{problem.message} ({more})" if more else problem.message)


def _record(problem: Problem) -> dict[str, object]:
    return {
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        **_where(problem.file, problem.span),
        "label": problem.label,
        "hint": problem.hint,
        "related": [{**_where(other.file, other.span), "label": other.label} for other in problem.related],
    }


def _where(file: str, span: Span) -> dict[str, object]:
    return {"file": file, "line": span.line, "col": span.col, "end_line": span.end_line, "end_col": span.end_col}


def _escape(value: str, *, whole: bool = False) -> str:
    value = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return value if whole else value.replace(":", "%3A").replace(",", "%2C")


def _block(problem: Problem, style: Mapping[str, str]) -> str:
    frame, end = style["frame"], style["end"]
    margin = " " * max(len(str(span.line)) for span in (problem.span, *(other.span for other in problem.related)))
    code = f"[{problem.code}]" if problem.code else ""
    head = f"{style[problem.severity]}{problem.severity}{code}{end}{style['bold']}: {_show(problem.message)}{end}"
    out = [head, f"{frame}{margin}-->{end} {_show(problem.place)}"]
    own = Related(problem.file, problem.span, problem.label, problem.excerpt)
    shown = sorted([own, *problem.related], key=lambda each: (each.file != own.file, each.span))
    if any(each.excerpt is not None for each in shown):
        out.append(f"{frame}{margin} |{end}")
    for before, each in zip([None, *shown], shown, strict=False):
        if before is not None and (each.file != before.file or each.span.line > before.span.line + 1):
            out.append(f"{frame}...{end}")
        if each.file != own.file:
            out.append(f"{frame}{margin}-->{end} {_show(each.file)}:{each.span.line}:{each.span.col}")
        out += _line(each, "^" if each is own else "-", margin, style, style[problem.severity])
    if problem.hint:
        out.append(f"{margin} {frame}={end} help: {_show(problem.hint)}")
    return "\n".join(out)


def _line(each: Related, mark: str, margin: str, style: Mapping[str, str], loud: str) -> list[str]:
    frame, end = style["frame"], style["end"]
    tone = loud if mark == "^" else frame
    if each.excerpt is None:
        words = f"line {each.span.line}: {each.label}" if each.label and mark == "-" else each.label
        return [f"{margin} {frame}={end} {tone}{_show(words)}{end}"] if words else []
    line, span = each.excerpt, each.span
    first = 0 if len(line) <= _WIDTH else max(0, span.col - 1 - _WIDTH // 3)
    line = line[first : first + _WIDTH]
    start = span.col - 1 - first
    stop = span.end_col - 1 - first if span.end_line == span.line else len(line)
    pad = " " * _columns(line[:start])
    marks = mark * max(1, _columns(line[start : min(stop, len(line))]))
    number = str(span.line).rjust(len(margin))
    label = f" {_show(each.label)}" if each.label else ""
    shown = f"{frame}{number} |{end} {_show(line)}".rstrip()
    return [shown, f"{frame}{margin} |{end} {pad}{tone}{marks}{label}{end}"]


def _columns(text: str) -> int:
    """How many columns of a terminal a text fills (UAX 11)."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in _show(text)
    )


def _show(text: str) -> str:
    """A text that cannot steer the terminal: a tab becomes a space, other controls a dot."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\t\xa0" else "·" for c in text)
