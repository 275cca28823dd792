"""Pages drawn, or only counted, where files of strangers are among them: in a process that can be stopped.

A PDF or a picture can be made to take hours or gigabytes to read. Each call has a process of its own, which gets so
much time and memory and no more; a fax takes a minute anyway.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from engine.channels.mail.letter import Attachment
from engine.channels.paper.render import Paper, count_pages_of, render, require
from engine.pool import Pool

#: Seconds of processor time for all files of one fax.
_SECONDS = 10.0


async def press(text: str, sender: str, at: datetime, attachments: tuple[Attachment, ...] = ()) -> Paper:
    """`render`, off the event loop.

    Raises ValueError that names the attachment which cannot be sent, OverrunError where one takes too long, and
    ProviderError when what draws pages is not installed.
    """
    require()
    if not attachments:
        return await asyncio.to_thread(render, text, sender, at)
    async with _apart() as pool:
        return await pool.run(_SECONDS, render, text, sender, at, attachments)


async def count_sheets(attachment: Attachment) -> int:
    """How many pages an attachment adds. Raises as `press` does."""
    require()
    async with _apart() as pool:
        return await pool.run(_SECONDS, count_pages_of, attachment)


@asynccontextmanager
async def _apart() -> AsyncIterator[Pool]:
    pool = Pool("engine.channels.paper.render", "pypdf", "reportlab.pdfgen.canvas")
    try:
        yield pool
    finally:
        await pool.close()
