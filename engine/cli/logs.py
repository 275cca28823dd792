"""How `tocsin run` logs: a line a fact, as text or as JSON, and no number or secret in any of them."""

import json
import logging
import sys
from datetime import UTC, datetime

from engine.cli.masking import Masking

_TEXT = "%(asctime)s %(levelname)-7s %(name)s  %(message)s"
#: What goes on inside these is theirs; what went wrong reaches us as a warning.
_QUIET = ("alembic", "faust", "mode", "aiokafka", "engine.transport", "engine.agents.app", "imapclient", "aiohttp")


class Mask(logging.Filter):
    """Rewrites every record before any formatter sees it: its message, its arguments, its exception, its stack.

    It belongs on the handler: a logger's filters do not see what a logger below it passes up.
    """

    def __init__(self, masking: Masking) -> None:
        super().__init__()
        self.masking = masking
        self._plain = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record is changed."""
        try:
            said = record.getMessage()
        except Exception:
            # A foreign library that counted its arguments wrong: logging itself would print them all, as they are.
            said = f"{record.msg} {record.args}"
        record.msg, record.args = self.masking.hide(said), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._plain.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.masking.hide(record.exc_text)
        # The text stands in exc_text now; a formatter that looked at the exception itself would show it whole.
        record.exc_info = None
        if record.stack_info:
            record.stack_info = self.masking.hide(record.stack_info)
        return True


class Json(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            fields["error"] = record.exc_text
        return json.dumps(fields, ensure_ascii=False)


def set_up(level: str, form: str) -> Mask:
    """Log to stderr from now on, from every library. Numbers are masked at once; the answer's `masking` is replaced
    when the configuration, and with it the secrets, is known."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if form == "json" else logging.Formatter(_TEXT))
    mask = Mask(Masking())
    handler.addFilter(mask)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return mask
