"""`make up`, `down`, `logs`, `psql`, `images`: Docker Compose with the `.env` of this machine. Needs no `.venv`."""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.compose import checks, env_file
from services.cli.up.loopback import answers, ask_api
from services.cli.up.market import BANNER, choose

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (("docker", "compose"), ("docker-compose",))
PROFILES = ("demo", "monitoring", "tools")
REST_URL = "https://api.binance.us"
MOUNTED = tuple(ROOT / "deploy" / "compose" / name for name in ("postgres", "redis", "prometheus", "grafana"))
PUBLISHED = {"dashboard": "DASHBOARD_PORT", "api": "API_PORT", "grafana": "GRAFANA_PORT"}
READY_S = 180.0
FEED_S = 20.0  # for the first word of the exchange


class Stack:
    """One system: its file, and Compose speaking about it."""

    def __init__(self, file: Path, profiles: list[str]) -> None:
        self.file = file
        self.values = env_file.read(file, os.environ) if file.is_file() else {}
        named = [name for name in self.values.get("COMPOSE_PROFILES", "").split(",") if name]
        self.profiles = [*named, *(name for name in profiles if name not in named)]
        self.command = compose_command()

    def compose(self, *arguments: str, every_profile: bool = False) -> int:
        """Run Compose, with its output where ours goes; its exit code."""
        profiles = PROFILES if every_profile else self.profiles
        options = [word for name in profiles for word in ("--profile", name)]
        named = ["--env-file", str(self.file)] if self.file.is_file() else []
        command = [*self.command, *named, *options, *arguments]
        return subprocess.run(command, cwd=ROOT, check=False).returncode

    def url(self, service: str) -> str:
        name = f"{service}_PORT"
        return f"http://127.0.0.1:{self.values.get(name, env_file.PORTS[name])}"

    def is_ready(self) -> bool:
        """API and dashboard answer for themselves and their neighbours."""
        return all(answers(f"{self.url(name)}/readyz") for name in ("API", "DASHBOARD"))

    def has_exchange_time(self) -> bool:
        """Ingest has heard of the exchange."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            system = ask_api(f"{self.url('API')}/api/v1/system", self.values["ADMIN_TOKEN"])
            return system["exchange_now_ms"] is not None
        return False


def waited(ask: Callable[[], bool], timeout_s: float) -> bool:
    """Whether it has become true in time."""
    deadline = time.monotonic() + timeout_s
    while not ask():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def compose_command() -> tuple[str, ...]:
    """Compose as this machine has it."""
    for command in COMMANDS:
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, check=False)
            if asked.returncode == 0:
                return command
    raise SystemExit("Docker with Compose is needed: `docker compose` or docker-compose 1.29")


def prepared(file: Path, market: str) -> bool:
    """Make `.env` unless it is there; whether it was made. Ends the program for another market's file."""
    if not file.exists():
        chosen = choose(market, REST_URL, ())
        with contextlib.suppress(FileExistsError):  # somebody else has just made it
            made = env_file.write(file, chosen.name, checks.projects())
            print(f"{file.name} written: market {chosen.name}, random secrets")
            if (name := made["COMPOSE_PROJECT_NAME"]) != (other := env_file.project_of(file)):
                print(f"There are containers or volumes of a system {other} already, of another checkout or of a file "
                      f"that is gone. They are left alone; this system is new, and is called {name}.")  # fmt: skip
            return True
    checks.file_is_whole(file, os.environ)
    found = env_file.read(file, os.environ).get("MARKET", "binance-us")
    if market not in ("auto", found):
        raise SystemExit(
            f"{file.name} belongs to the market {found}, and its volumes hold that market's record; "
            f"another market has a file of its own: make up MARKET={market} ENV={file.name}.{market}"
        )
    return False


def up(args: argparse.Namespace) -> int:
    """Build what has changed, start, wait until ready, say where it is."""
    compose_command()  # before anything is written
    checks.engine_answers()
    is_new = prepared(args.env, args.market)
    for folder in MOUNTED:
        checks.opened_for_containers(folder)
    stack = Stack(args.env, args.profile)
    scale = [] if args.runners is None else ["--scale", f"runner={args.runners}"]
    if not args.no_build:
        print("Building images (the first time takes some minutes)", flush=True)
        if stack.compose("build", "--quiet"):
            print("An image was not built. `make images` shows all of it.", file=sys.stderr)
            return 1
    without = ["--no-build"] if args.no_build else []
    if stack.compose("up", "-d", "--remove-orphans", *without, *scale) or not waited(stack.is_ready, READY_S):
        not_ready(stack)
        return 1
    print(welcome(stack, is_new))
    if not waited(stack.has_exchange_time, FEED_S):
        print("The exchange has not answered yet: nothing can be started. `make logs`, ingest.", file=sys.stderr)
    return 0


def not_ready(stack: Stack) -> None:
    """What stands, what is known of the reason, where to look for the rest."""
    stack.compose("ps")
    published = {name: port for name, port in PUBLISHED.items() if name != "grafana" or "monitoring" in stack.profiles}
    for sentence in checks.troubles(stack.values, published):
        print(sentence, file=sys.stderr)
    print(f"Not ready. `make logs` says why; the admin's token is ADMIN_TOKEN in {stack.file.name}.", file=sys.stderr)


def welcome(stack: Stack, is_new: bool) -> str:
    """Where it is; and how to log in, with the token itself the first time."""
    simulated = BANNER.format(line=f"CLOCK_RATE={stack.values.get('CLOCK_RATE', '1')} in {stack.file.name}")
    is_sim = stack.values.get("MARKET") == "sim"
    login = f"{stack.values['ADMIN_TOKEN']}  (shown this once)" if is_new else f"ADMIN_TOKEN in {stack.file.name}"
    lines = [
        "",
        simulated if is_sim else "Binance US, live. Paper trading only: no order ever leaves this machine.",
        "",
        f"  Dashboard    {stack.url('DASHBOARD')}",
        f"  Admin token  {login}",
        f"  API          {stack.url('API')}/docs",
        *([f"  Grafana      {stack.url('GRAFANA')}"] if "monitoring" in stack.profiles else []),
        "",
        "`make down` stops it and keeps its data.",
    ]
    return "\n".join(lines)


def down(args: argparse.Namespace) -> int:
    """Stop everything; volumes stay."""
    return Stack(args.env, []).compose("down", "--remove-orphans", every_profile=True)


def logs(args: argparse.Namespace) -> int:
    """Follow every service's log."""
    return Stack(args.env, args.profile).compose("logs", "--follow", "--tail=100")


def psql(args: argparse.Namespace) -> int:
    """psql as the role that reads everything but secrets."""
    terminal = [] if sys.stdin.isatty() else ["-T"]
    stack = Stack(args.env, args.profile)
    return stack.compose("exec", *terminal, "postgres", "psql", "--username=analyst", "--dbname=paperfold")


def images(args: argparse.Namespace) -> int:
    """Every image, built; and how large it is."""
    if not args.env.exists():  # no secret gets into an image, but Compose wants every variable named
        os.environ.update(dict.fromkeys(env_file.SECRETS, "unused"))
    code = Stack(args.env, args.profile).compose("build", every_profile=True)
    shown = "{{.Repository}}:{{.Tag}}\t{{.Size}}"
    subprocess.run(["docker", "image", "ls", "--filter=reference=paperfold/*", f"--format={shown}"], check=False)
    return code


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stack", description=__doc__)
    parser.add_argument("--env", type=lambda text: Path(text).resolve(), default=ROOT / ".env")
    parser.add_argument("--profile", action="append", default=[], choices=PROFILES)
    verbs = parser.add_subparsers(required=True)
    for work in (up, down, logs, psql, images):
        verb = verbs.add_parser(work.__name__, help=work.__doc__)
        verb.set_defaults(work=work)
        if work is up:
            verb.add_argument("--market", choices=("auto", *env_file.MARKETS), default="auto")
            verb.add_argument("--runners", type=int)
            verb.add_argument("--no-build", action="store_true", help="images are here already, or can be pulled")
    return parser


def main() -> int:
    args = arguments().parse_args()
    if args.work not in (up, images):
        if not args.env.exists():
            raise SystemExit(f"{args.env.name} is not there: nothing has been started with `make up`")
        checks.file_is_whole(args.env, os.environ)
    try:
        code: int = args.work(args)
    except KeyboardInterrupt:
        if args.work is up:
            print("Interrupted. What runs goes on: `make up` again, or `make down`.", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
