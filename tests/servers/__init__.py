"""Servers that tests talk to. Each is an async context manager with a host, a port and a way to put mail in."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest


def require(*programs: str) -> None:
    """Skip the test when a program is not installed; fail instead when TOCSIN_REQUIRE=all."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    missing = [program for program in programs if shutil.which(program, path=path) is None]
    if missing:
        absent(", ".join(missing))


def absent(what: str) -> NoReturn:
    """Skip the test because this is not installed; fail instead when TOCSIN_REQUIRE=all."""
    text = f"not installed: {what}"
    if os.environ.get("TOCSIN_REQUIRE") == "all":
        pytest.fail(text)
    pytest.skip(text)


def make_certificate(folder: Path, name: str = "localhost", days: int = 3650) -> tuple[Path, Path]:
    """A self-signed certificate and its key; needs openssl."""
    require("openssl")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", f"/CN={name}"]
    others = ",IP:127.0.0.1" if name == "localhost" else ""
    names = ("-addext", f"subjectAltName=DNS:{name}{others}")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run([*words, *names, *files], check=True, capture_output=True)
    return certificate, key
