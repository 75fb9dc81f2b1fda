"""The part of requirements.lock that some extras of pyproject.toml need, printed as a lock of its own.

    python deploy/image/locked.py api            what the API's image installs
    python deploy/image/locked.py name:hatchling one package, and what it needs

The lock says for each package who asks for it (`# via`); packages are taken as long as one that is taken asks for more.
pip checks the outcome: with hashes it refuses to install a dependency that is not listed.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
OURS = "paperfold (pyproject.toml)"


def packages(lock: str) -> dict[str, list[str]]:
    """Blocks of the lock by package; several where versions differ by interpreter."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock.strip()):
        found.setdefault(_name(block), []).append(block)
    return found


def asked_by(blocks: Iterable[str]) -> set[str]:
    """Who asks for a package: names of packages, or OURS."""
    comments = (line.strip()[1:].strip() for block in blocks for line in block.splitlines() if "#" in line)
    return {comment.removeprefix("via").strip() for comment in comments} - {""}


def direct(project: Mapping[str, object], extra: str) -> set[str]:
    """Packages that an extra names, with those of the extras in it, and those that the project always needs."""
    extras: Mapping[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    always: list[str] = project["dependencies"]  # type: ignore[assignment]
    found: set[str] = set()
    for text in [*always, *extras[extra]]:
        inner = re.match(r"paperfold\[(.*?)\]", text)
        if inner is None:
            found.add(_name(text))
        else:
            found = found.union(*(direct(project, one) for one in inner[1].split(",")))
    return found


def needed(lock: Mapping[str, list[str]], wanted: Iterable[str]) -> list[str]:
    """Names of packages that are wanted or that one of them asks for, in the lock's order."""
    taken = set(wanted)
    if missing := taken - lock.keys():
        raise SystemExit(f"requirements.lock: holds no {', '.join(sorted(missing))}: make lock")
    while more := {name for name, blocks in lock.items() if name not in taken and asked_by(blocks) & taken}:
        taken |= more
    return [name for name in lock if name in taken]


def main(root: Path, wishes: Iterable[str]) -> str:
    """The lock's blocks for extras, and for packages given as `name:...`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = packages((root / "requirements.lock").read_text(encoding="utf-8"))
    wanted: set[str] = set()
    for wish in wishes:
        wanted |= {wish.removeprefix("name:")} if wish.startswith("name:") else direct(project, wish)
    return "\n".join(block for name in needed(lock, wanted) for block in lock[name])


def _name(text: str) -> str:
    """A package's name as the lock spells it: lower case, dashes."""
    found = NAME.match(text)
    if found is None:
        raise SystemExit(f"expected a requirement, was {text!r}")
    return re.sub(r"[._-]+", "-", found[0].lower())


if __name__ == "__main__":
    print(main(Path.cwd(), sys.argv[1:]))
