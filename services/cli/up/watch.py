"""Our end of the pipe that the watcher reads: who is to be ended, and in which order, should we die without a word."""

import contextlib
import json
import subprocess
from collections.abc import Sequence

from services.cli.up.processes import Child
from services.cli.up.recipes import watcher_recipe


class Watch:
    """A watcher process, started again when it dies. It is told the whole list at every change."""

    def __init__(self) -> None:
        self._groups: list[list[list[float]]] = []
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, groups: Sequence[Sequence[Child]]) -> None:
        """Whom to end, group after group."""
        self._groups = [[row for child in group if (row := _row(child))] for group in groups]
        self._send()

    def tend(self) -> bool:
        """Start it again when it has died. Answers whether it had."""
        if self._process.poll() is None:
            return False
        self._close()
        self._process = self._start()
        self._send()
        return True

    def dismiss(self) -> None:
        """Let it end without ending anybody."""
        self._groups = []
        self._send()
        self._close()
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> "subprocess.Popen[str]":
        recipe = watcher_recipe()
        return subprocess.Popen(
            recipe.argv, env=dict(recipe.env), cwd=recipe.cwd, stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def _send(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it died: `tend` starts it again and tells it then
                self._process.stdin.write(json.dumps(self._groups) + "\n")
                self._process.stdin.flush()

    def _close(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()


def _row(child: Child) -> list[float]:
    if child.identity is None:
        return []
    recipe = child.recipe
    return [child.identity.pid, child.identity.started, int(recipe.stop_signal), recipe.grace_s]
