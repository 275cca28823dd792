"""Prism as a real process: it answers as an OpenAPI file describes, and refuses what the file does not allow."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers import require
from tests.servers.pymap_server import free_port, wait_for_port

#: `npm ci --prefix tests/servers/node` fills it.
PACKAGES = Path(__file__).parent / "node" / "node_modules"
TWILIO = PACKAGES / "@twilio" / "cli-core" / "src" / "services" / "twilio-api" / "twilio_api_v2010.json"


@contextlib.asynccontextmanager
async def serving(description: Path, folder: Path) -> AsyncIterator[str]:
    """The address of a server that holds requests to `description`. Skips where node or its packages are missing."""
    require("node")
    prism = PACKAGES / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not prism.exists() or not description.exists():
        text = "not installed: prism and Twilio's API description (npm ci --prefix tests/servers/node)"
        if os.environ.get("TOCSIN_REQUIRE") == "all":
            pytest.fail(text)
        pytest.skip(text)
    port = free_port()
    with (folder / "prism.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("node", str(prism), "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", str(description)),
            stdout=log,
            stderr=log,
        )
        try:
            await wait_for_port("127.0.0.1", port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
