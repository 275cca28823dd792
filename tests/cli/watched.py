"""Runs a command and ends with 99 when it did anything but read: the hook sees every call of the interpreter.

python watched.py ALLOWED_PORT COMMAND...: the one port on this machine that may be connected to; 0: none.
"""

import os
import sys
from typing import Any

PORT = int(sys.argv[1])
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = (
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod"),
    *("os.chown", "os.utime", "os.setxattr", "os.removexattr", "shutil.", "tempfile."),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile"),
    *("socket.bind", "socket.sendto", "socket.sendmsg", "ftplib.", "smtplib.", "urllib.Request", "webbrowser."),
)
seen: list[str] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note everything that is more than looking."""
    if event == "open":
        path, mode, flags = arguments
        writes = (isinstance(mode, str) and any(each in mode for each in "wax+")) or (flags or 0) & WRITING
        if writes and not isinstance(path, int):
            seen.append(f"open {path} {mode} {flags}")
    elif event == "sqlite3.connect":
        if not any(each in str(arguments[0]) for each in ("mode=ro", "immutable=1", ":memory:")):
            seen.append(f"sqlite3.connect {arguments[0]}")
    elif event == "socket.connect":
        if not (PORT and isinstance(arguments[1], tuple) and arguments[1][:2] == ("127.0.0.1", PORT)):
            seen.append(f"connect {arguments[1]}")
    elif event.startswith(CHANGES):
        seen.append(f"{event} {arguments}")


sys.addaudithook(watch)

from engine.cli import main  # noqa: E402

code: object = 0
try:
    main(sys.argv[2:])
except SystemExit as end:
    code = end.code
for line in seen:
    print(f"did more than read: {line}", file=sys.stderr)
sys.exit(99 if seen else code)
