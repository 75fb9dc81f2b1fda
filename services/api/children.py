"""Work on long runs is done beside the server: by children, so many at a time, whom whoever asked awaits.

What takes seconds of this process' only lock would make everybody else wait, and what it holds would be held for good.
The other side of the pipe is child.py.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from services.api.child import DONE, TRY_AGAIN
from shared.domain.errors import PaperfoldError, UnavailableError

TIMEOUT_S = 600.0  # from its start to its end
BLOCK = 64 * 1024  # bytes that are read at once; a child that is not read from waits


class ChildError(PaperfoldError):
    """A child has not done what it was asked to."""


class Child:
    """One at work."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - narrows
        assert process.stderr is not None  # noqa: S101
        self._process, self._output, self._errors = process, process.stdout, process.stderr

    async def read(self) -> bytes:
        """What it has written next; nothing when it has done all. ChildError or UnavailableError if it failed."""
        block = await self._output.read(BLOCK)
        if not block:
            await self._check()
        return block

    async def _check(self) -> None:
        said = (await self._errors.read()).decode(errors="replace").strip()
        code = await self._process.wait()
        if code != DONE:
            reason = said.rpartition("\n")[2] or f"it ended with {code}"
            raise UnavailableError(reason) if code == TRY_AGAIN else ChildError(reason)


class Children:
    """Of one kind: `module` is what they run. `line`: how many may wait for their turn, each at most `patience_s`."""

    def __init__(self, module: str, url: str, *, most: int, line: int, patience_s: float) -> None:
        self._module, self._url, self._line, self._patience_s = module, url, line, patience_s
        self._free = asyncio.Semaphore(most)
        self._waiting = 0
        self._processes: set[Process] = set()

    @asynccontextmanager
    async def at_work(self, run_id: int) -> AsyncIterator[Child]:
        """One that was told which run; ended with the block. Raises UnavailableError when too many are wanted."""
        await self._wait_for_turn()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                process = await self._begun(run_id)
                try:
                    yield Child(process)
                finally:
                    await self._end(process)
        except TimeoutError as error:
            raise ChildError(f"{self._module}: run {run_id} took more than its time") from error
        finally:
            self._free.release()

    def close(self) -> None:
        """End them all."""
        for process in self._processes:
            _kill(process)

    async def _wait_for_turn(self) -> None:
        if self._free.locked() and self._waiting >= self._line:
            raise self._busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._busy() from error
        finally:
            self._waiting -= 1

    def _busy(self) -> UnavailableError:
        return UnavailableError("too many long runs are being read at once: ask again")

    async def _begun(self, run_id: int) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        self._processes.add(process)
        assert process.stdin is not None  # noqa: S101 - narrows
        process.stdin.write(json.dumps({"url": self._url, "run": run_id}).encode() + b"\n")
        process.stdin.close()
        return process

    async def _end(self, process: Process) -> None:
        _kill(process)
        try:
            await process.communicate()  # what it has still written: pipes that nobody empties are not closed
        finally:
            self._processes.discard(process)


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
