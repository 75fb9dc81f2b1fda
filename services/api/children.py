"""Work on long runs is done beside the server: by children, so many at a time, whom whoever asked awaits.

What takes seconds of this process' only lock would make everybody else wait, and what it holds would be held for good.
The other side of the pipe is child.py.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import PIPE, Popen

from starlette.concurrency import run_in_threadpool

from services.api.child import DONE, TRY_AGAIN
from shared.domain.errors import PaperfoldError, UnavailableError

TIMEOUT_S = 600.0  # from its start to its end
BLOCK = 64 * 1024  # bytes that are read at once; a child that is not read from waits


class ChildError(PaperfoldError):
    """A child has not done what it was asked to."""


class Child:
    """One at work. Its pipe stays ours: uvloop closes one that it was about to take over when it is cancelled."""

    def __init__(self, process: Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - narrows
        assert process.stderr is not None  # noqa: S101
        self._process, self._output, self._errors = process, process.stdout.fileno(), process.stderr
        os.set_blocking(self._output, False)

    async def read(self) -> bytes:
        """What it has written next; nothing when it has done all. ChildError or UnavailableError if it failed."""
        await _readable(self._output)
        block = os.read(self._output, BLOCK)
        if not block:
            await run_in_threadpool(self._check)
        return block

    def _check(self) -> None:
        """Its output has ended, so it does, or it has."""
        code = self._process.wait()
        if code == DONE:
            return
        reason = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2] or f"it ended with {code}"
        raise UnavailableError(reason) if code == TRY_AGAIN else ChildError(reason)


class Children:
    """Of one kind: `module` is what they run. `line`: how many may wait for their turn, each at most `patience_s`."""

    def __init__(self, module: str, url: str, *, most: int, line: int, patience_s: float) -> None:
        self._module, self._url, self._line, self._patience_s = module, url, line, patience_s
        self._free = asyncio.Semaphore(most)
        self._waiting = 0
        self._processes: set[Popen[bytes]] = set()

    @asynccontextmanager
    async def at_work(self, run_id: int) -> AsyncIterator[Child]:
        """One that was told which run; ended with the block. Raises UnavailableError when too many are wanted."""
        await self._wait_for_turn()
        try:
            async with asyncio.timeout(TIMEOUT_S), self._process(run_id) as process:
                yield Child(process)
        except TimeoutError as error:
            raise ChildError(f"{self._module}: run {run_id} took more than its time") from error
        finally:
            self._free.release()

    def close(self) -> None:
        """End them all."""
        for process in self._processes:
            process.kill()

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

    @asynccontextmanager
    async def _process(self, run_id: int) -> AsyncIterator[Popen[bytes]]:
        # Not the event loop's way to start one: uvloop's forks, and runs Python between fork and exec in a process of
        # many threads, while this one waits for it. This is a vfork, and over in a millisecond.
        command = [sys.executable, "-m", self._module]
        with Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
            self._processes.add(process)
            try:
                self._tell(process, run_id)
                yield process
            finally:
                process.kill()
                self._processes.discard(process)
                await run_in_threadpool(process.wait)

    def _tell(self, process: Popen[bytes], run_id: int) -> None:
        assert process.stdin is not None  # noqa: S101 - narrows
        with suppress(BrokenPipeError):  # it has failed already, and is asked why
            process.stdin.write(json.dumps({"url": self._url, "run": run_id}).encode() + b"\n")
            process.stdin.close()


async def _readable(fd: int) -> None:
    """Wait until there is something to read, or an end."""
    there_is, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(fd, there_is.set)
    try:
        await there_is.wait()
    finally:
        loop.remove_reader(fd)
