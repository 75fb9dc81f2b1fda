"""The process: settings, then the market by PAPERFOLD__EXCHANGE__..., PAPERFOLD__INGEST__... until SIGTERM."""

import asyncio
import signal
import sys

from pydantic import ValidationError

from services.ingest import app
from shared import heap, log, settings
from shared.domain.errors import InputError


async def _until_stopped(read: settings.Settings) -> None:
    task = asyncio.create_task(app.run(read))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        log.get("main").info("stopped")


def main() -> int:
    """0 after a clean stop, 2 for settings that cannot be used or a database of another market."""
    heap.share_one()
    problems: list[BaseException] = []
    try:
        read = settings.load()
        log.configure("ingest", read.log.level, read.log.json_lines)
        asyncio.run(_until_stopped(read))
    except* (InputError, ValidationError) as group:
        problems = app.leaves(group)
    for problem in problems:
        print(f"ingest: {problem}", file=sys.stderr)  # noqa: T201
    return 2 if problems else 0
