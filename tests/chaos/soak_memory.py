"""Memory of a system's containers over time, as the engine's accounts have it, and whether it is flat.

Judged is what processes hold for themselves (`anon`; in the older accounts `rss`): a leak is there and nowhere else.
Files in the kernel's cache come and go with other people's needs, and PostgreSQL's shared buffers fill up once, to a
size that is configured; both are in `held`, which is printed beside the container's limit.
"""

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

MB = 1_000_000
EVERY_S = 2.0
GROWTH = 1.15  # the last third's maximum may be so many times that of the middle third,
SLACK_MB = 8.0  # and so much more: an allocator's page here and there
FEWEST = 3  # samples of a third, below which nothing is said about it
HEAD = ("container", "starts", "first", "first third", "middle third", "last third", "max", "held", "limit", "flat")


class Sample(NamedTuple):
    """One look at one container."""

    at_s: float
    anon_mb: float
    held_mb: float
    limit_mb: float


class Row(NamedTuple):
    """A container's line of the table [MB]; None: too few samples of that third."""

    container: str
    starts: int
    first: float
    first_third: float | None
    middle_third: float | None
    last_third: float | None
    most: float
    held: float
    limit: float

    @property
    def is_flat(self) -> bool | None:
        """Whether the last third needs no more than the middle one, within GROWTH and SLACK_MB; None: not known."""
        if self.middle_third is None or self.last_third is None:
            return None
        return self.last_third <= GROWTH * self.middle_third + SLACK_MB


def row_of(container: str, starts: int, samples: Sequence[Sample], began_s: float, ended_s: float) -> Row:
    """A container's samples, at least one, cut into thirds of [began_s, ended_s]."""
    third_s = (ended_s - began_s) / 3
    thirds: list[list[float]] = [[], [], []]
    for sample in samples:
        thirds[min(2, max(0, int((sample.at_s - began_s) / third_s)))].append(sample.anon_mb)
    first, middle, last = (max(part) if len(part) >= FEWEST else None for part in thirds)
    return Row(
        container, starts, samples[0].anon_mb, first, middle, last,
        max(sample.anon_mb for sample in samples), max(sample.held_mb for sample in samples), samples[-1].limit_mb,
    )  # fmt: skip


def table(rows: Iterable[Row]) -> str:
    """As Markdown [MB]."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    for row in rows:
        words = ["-" if value is None else f"{value:.1f}" for value in row[2:]]
        flat = {None: "-", True: "yes", False: "NO"}[row.is_flat]
        lines.append("| " + " | ".join([row.container, str(row.starts), *words, flat]) + " |")
    return "\n".join(lines)


def sample_of(at_s: float, stats: Mapping[str, Any]) -> Sample | None:
    """What the engine says of a container; None of one that does not run. Both versions of the kernel's accounts."""
    accounts = stats["memory_stats"]
    if "usage" not in accounts:
        return None
    details = accounts["stats"]
    anon = details["anon"] if "anon" in details else details["total_rss"]
    idle = details["inactive_file"] if "anon" in details else details["total_inactive_file"]
    return Sample(at_s, anon / MB, (accounts["usage"] - idle) / MB, accounts["limit"] / MB)


class Watch:
    """Looks at every container of a project, again and again, until it is left."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._samples: dict[str, list[Sample]] = {}
        self._starts: dict[str, set[str]] = {}
        self._began_s = self._ended_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory")

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._ended_s = time.monotonic()

    @property
    def rows(self) -> list[Row]:
        return [
            row_of(name, len(self._starts[name]), found, self._began_s, self._ended_s)
            for name, found in sorted(self._samples.items())
        ]

    def _run(self) -> None:
        with engine() as client:
            while not self._stop.wait(EVERY_S):
                for name, identity in self._running(client):
                    self._look(client, name, identity)

    def _running(self, client: httpx.Client) -> list[tuple[str, str]]:
        chosen = {"label": [f"com.docker.compose.project={self._project}", "com.docker.compose.oneoff=False"]}
        found = client.get("/containers/json", params={"filters": json.dumps(chosen)}).raise_for_status().json()
        labels = "com.docker.compose.service", "com.docker.compose.container-number"
        return [("-".join(one["Labels"][label] for label in labels), one["Id"]) for one in found]

    def _look(self, client: httpx.Client, name: str, identity: str) -> None:
        stats = client.get(f"/containers/{identity}/stats", params={"stream": "false", "one-shot": "true"})
        state = client.get(f"/containers/{identity}/json")
        if stats.status_code != 200 or state.status_code != 200:
            return  # it went between the looks
        sample = sample_of(time.monotonic(), stats.json())
        if sample is not None:
            self._samples.setdefault(name, []).append(sample)
            self._starts.setdefault(name, set()).add(state.json()["State"]["StartedAt"])


def engine() -> httpx.Client:
    """The Docker engine that `docker` would ask."""
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if address.startswith("unix://"):
        transport = httpx.HTTPTransport(uds=address.removeprefix("unix://"))
        return httpx.Client(transport=transport, base_url="http://docker", timeout=30)
    return httpx.Client(base_url=address.replace("tcp://", "http://", 1), trust_env=False, timeout=30)
