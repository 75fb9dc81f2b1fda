"""`python -m bench [TOPIC ...]`: figures beside their references, as tables; each topic in a process of its own."""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench import peers, table

TOPICS = {
    "engine": "The engine over 1,000,000 one-minute bars (CPU time)",
    "sweep": "A thousand sets of parameters over 100,000 minutes (wall time)",
    "process": "A whole `paperfold backtest` of those bars (wall time, start to exit)",
    "forms": "From how many bars on compiling is quicker than interpreting (CPU time)",
    "step": "One live step, called from Python",
    "latency": "Bar final -> fill committed, real stores with fsync",
    "scale": "Many runs in one runner, with its stores on two cores",
    "api": "The API at 200 requests a second",
    "memory": "Memory of each process (PSS)",
    "takeover": "Taking over a run of one year of minutes",
}


def main() -> int:
    """0 when everything asked for was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "topics",
        nargs="*",
        default="all",
        choices=[*TOPICS, "all"],
        metavar="TOPIC",
        help=f"{', '.join(TOPICS)}; default: all",
    )
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each contender (default 7)")
    parser.add_argument("--json", type=Path, help="write all rows here")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)  # one topic, here, as JSON
    asked = parser.parse_args()
    if asked.rows:
        measured = importlib.import_module(f"bench.{asked.topics[0]}").measure(asked.rounds)
        asked.json.write_text(table.to_json(measured), encoding="utf-8")
        return 0
    head = table.header()
    for name, value in head.items():
        print(f"{name}: {value}")
    found: dict[str, list[table.Row]] = {}
    failed = 0
    for topic in TOPICS if "all" in asked.topics else asked.topics:
        print(f"{topic} ...", file=sys.stderr, flush=True)
        rows = _apart(topic, asked.rounds)
        if rows is None:
            failed += 1
            continue
        found[topic] = rows
        print(table.show(TOPICS[topic], rows), flush=True)
    if asked.json is not None:
        document = {"header": head, "rows": {topic: [asdict(row) for row in rows] for topic, rows in found.items()}}
        asked.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return 1 if failed else 0


def _apart(topic: str, rounds: int) -> list[table.Row] | None:
    """A topic in its own process: what one compiles, imports or keeps is not the next one's."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        asked = [sys.executable, "-m", "bench", topic, "--rows", "--rounds", str(rounds), "--json", out.name]
        if subprocess.run(asked, cwd=peers.ROOT, env=peers.installed({})).returncode != 0:
            return None
        return table.from_json(Path(out.name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
