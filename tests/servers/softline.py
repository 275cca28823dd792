"""Two class 1 fax modems (T.31) of Debian's libspandsp on a telephone line of their own.

    python -m tests.servers.softline LINK_A LINK_B [SPEED]

Each LINK becomes a serial device. What is dialled on one rings at the other; numbers that end in 0000 are busy,
0001 is never answered, 0002 has no dial tone. The line carries 8,000 samples a second, SPEED times as fast.
"""

import contextlib
import ctypes
import errno
import os
import pty
import sys
import time
import tty
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

#: Samples in a frame of 20 ms.
FRAME = 160
SECONDS = FRAME / 8000
#: The modem says stop when its buffer of 4 kB has this much room left; more at once would be lost.
ROOM = 1024
#: Between two rings.
RING = 2.0

_SAMPLES = ctypes.c_int16 * FRAME
_SEND = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t
)
# The last argument is a text for some operations and a small number for others: a pointer holds either.
_CONTROL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_PACKET = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int, ctypes.c_int
)


class Operation(IntEnum):
    """What a modem is asked for (at_interpreter.h)."""

    CALL = 0
    ANSWER = 1
    HANGUP = 2
    ONHOOK = 4
    CTS = 7


class Happening(IntEnum):
    """What the line tells a modem (at_interpreter.h)."""

    ALERTING = 1
    CONNECTED = 2
    ANSWERED = 3
    BUSY = 4
    NO_DIALTONE = 5
    NO_ANSWER = 6
    HANGUP = 7


#: How a number ends -> what becomes of the call.
SCRIPT = {"0000": Happening.BUSY, "0001": Happening.NO_ANSWER, "0002": Happening.NO_DIALTONE}


def load() -> Any:
    """libspandsp. Raises OSError when it is not installed."""
    library = ctypes.CDLL("libspandsp.so.2")
    library.t31_init.restype = ctypes.c_void_p
    library.t31_init.argtypes = [
        ctypes.c_void_p,
        _SEND,
        ctypes.c_void_p,
        _CONTROL,
        ctypes.c_void_p,
        _PACKET,
        ctypes.c_void_p,
    ]
    library.t31_at_rx.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.t31_rx.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int16), ctypes.c_int]
    library.t31_tx.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int16), ctypes.c_int]
    library.t31_call_event.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return library


class Modem:
    """One modem: a serial device on one side, sound on the other."""

    def __init__(self, library: Any, link: Path) -> None:
        self._library = library
        self.state = "idle"
        self.asked: list[tuple[Operation, str]] = []
        self.sound = _SAMPLES()
        self.rung_at = 0.0
        self._clear_to_send = True
        self._unsent = bytearray()
        self._device, self._slave = pty.openpty()
        tty.setraw(self._device)
        tty.setraw(self._slave)
        os.set_blocking(self._device, False)
        name = os.ttyname(self._slave)
        Path(name).chmod(0o666)
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        # ctypes forgets a callback that nobody else holds.
        self._callbacks = (_SEND(self._write), _CONTROL(self._control), _PACKET(lambda *_: 0))
        send, control, packet = self._callbacks
        self._modem = library.t31_init(None, send, None, control, None, packet, None)
        assert self._modem

    def tell(self, happening: Happening) -> None:
        """Something happened on the line."""
        self._library.t31_call_event(self._modem, happening)

    def read(self) -> None:
        """Take what the computer has written, and give it what it has not read yet."""
        if self._clear_to_send:
            with contextlib.suppress(BlockingIOError):
                try:
                    said = os.read(self._device, ROOM)
                    self._library.t31_at_rx(self._modem, said, len(said))
                except OSError as error:
                    if error.errno != errno.EIO:  # nobody has the device open
                        raise
        self._flush()

    def speak(self) -> None:
        """The next frame of sound; what the modem leaves is silence."""
        made = self._library.t31_tx(self._modem, self.sound, FRAME)
        for index in range(made, FRAME):
            self.sound[index] = 0

    def hear(self, sound: Any) -> None:
        """One frame of sound from the line."""
        self._library.t31_rx(self._modem, sound, FRAME)

    def _write(self, _: Any, __: Any, data: Any, length: int) -> int:
        self._unsent += ctypes.string_at(data, length)
        self._flush()
        return 0

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                del self._unsent[: os.write(self._device, bytes(self._unsent))]

    def _control(self, _: Any, __: Any, operation: int, argument: Any) -> int:
        if operation == Operation.CALL:
            number = ctypes.cast(argument, ctypes.c_char_p).value or b""
            self.asked.append((Operation.CALL, number.decode("ascii", "replace")))
        elif operation in (Operation.ANSWER, Operation.HANGUP, Operation.ONHOOK):
            self.asked.append((Operation(operation), ""))
        elif operation == Operation.CTS:
            self._clear_to_send = bool(argument)
        return 0


class Line:
    """What joins two modems."""

    def __init__(self, one: Modem, other: Modem, speed: float, say: Callable[[str], None]) -> None:
        self._ends = ((one, other), (other, one))
        self._speed = speed
        self._say = say
        self._silence = _SAMPLES()

    def run(self) -> None:
        """Carry frame after frame, for ever."""
        next_at = time.monotonic()
        while True:
            self.carry()
            next_at += SECONDS / self._speed
            wait = next_at - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            else:
                next_at = time.monotonic()

    def carry(self) -> None:
        """One frame."""
        for modem, other in self._ends:
            modem.read()
            while modem.asked:
                self._do(modem, other, *modem.asked.pop(0))
        for modem, _ in self._ends:
            if modem.state == "ringing" and time.monotonic() - modem.rung_at > RING / self._speed:
                modem.rung_at = time.monotonic()
                modem.tell(Happening.ALERTING)
        for modem, _ in self._ends:
            modem.speak()
        for modem, other in self._ends:
            modem.hear(other.sound if modem.state == "up" else self._silence)

    def _do(self, modem: Modem, other: Modem, operation: Operation, number: str) -> None:
        if operation is Operation.CALL:
            self._say(f"dialled {number}")
            busy = None if other.state == "idle" else Happening.BUSY
            scripted = SCRIPT.get(number[-4:], busy)
            if scripted is not None:
                modem.tell(scripted)
                return
            modem.state, other.state, other.rung_at = "calling", "ringing", 0.0
        elif operation is Operation.ANSWER:
            if modem.state == "ringing":
                modem.state = other.state = "up"
                modem.tell(Happening.ANSWERED)
                other.tell(Happening.CONNECTED)
        elif modem.state != "idle":
            if other.state in ("up", "calling"):
                other.tell(Happening.HANGUP)
            modem.state = other.state = "idle"


def main(one: str, other: str, speed: str = "1") -> None:
    """Join two modems until the process is ended."""
    library = load()
    Line(
        Modem(library, Path(one)), Modem(library, Path(other)), float(speed), lambda text: print(text, flush=True)
    ).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
