"""What the libraries under the stream may say in the log."""

import logging
import time

#: Seconds in which one sentence of a library is told once.
SELDOM = 30.0
#: aiokafka's loggers that say the same several times a second while a broker is away.
CHATTY = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
)


def quiet() -> None:
    """Keep the libraries' debug and info records from being made (2.6 per message, each thrown away), and what is
    said over and over from filling the log."""
    for name in ("faust", "mode", "aiokafka"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
    for name in CHATTY:
        logger = logging.getLogger(name)
        if not any(isinstance(each, Seldom) for each in logger.filters):
            logger.addFilter(Seldom())


class Seldom(logging.Filter):
    """Lets each sentence through once in SELDOM seconds, and never a traceback: an outage is no defect."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is told."""
        now, sentence = time.monotonic(), str(record.msg)
        if now - self._told.get(sentence, -SELDOM) < SELDOM:
            return False
        self._told[sentence] = now
        record.exc_info = record.exc_text = None
        return True
