"""Which market the system trades on, and the folder that belongs to it: two markets never share one."""

import hashlib
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.cli.up.layout import data_root

PING_TIMEOUT_S = 10.0
FINGERPRINT_LENGTH = 12

MarketName = Literal["binance-us", "sim"]

BANNER = """\
############################################################################
##                                                                        ##
##   SIMULATED EXCHANGE: these prices are not the market's.               ##
##   {line:<66}   ##
##                                                                        ##
############################################################################"""


@dataclass(frozen=True, slots=True)
class Market:
    """A market, by name and, where it is simulated from files, by the hash of their bytes."""

    name: MarketName
    fingerprint: str = ""  # empty: the real one, or generated bars
    why: str = ""  # one line for the banner

    @property
    def folder(self) -> Path:
        return data_root() / (f"{self.name}-{self.fingerprint}" if self.fingerprint else self.name)

    @property
    def banner(self) -> str | None:
        return None if self.name == "binance-us" else BANNER.format(line=self.why)


def choose(wanted: str, rest_url: str, bars: tuple[Path, ...]) -> Market:
    """The market asked for; `auto` is Binance US when it answers within ten seconds, else the simulated one."""
    if wanted == "auto" and not bars:
        if answers(rest_url):
            return Market("binance-us")
        return Market("sim", why=f"{rest_url} does not answer within {PING_TIMEOUT_S:.0f} s.")
    if wanted == "binance-us":
        return Market("binance-us")
    return Market(
        "sim", fingerprint(bars), "Bars from " + ", ".join(path.name for path in bars) if bars else "Generated bars."
    )


def answers(rest_url: str, timeout_s: float = PING_TIMEOUT_S) -> bool:
    """Whether GET /api/v3/ping is answered in time; name resolution, which has no timeout of its own, included."""
    found = threading.Event()
    finished = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{rest_url}/api/v3/ping", timeout=timeout_s) as answer:  # noqa: S310  https
                if answer.status == 200:
                    found.set()
        except OSError:
            pass
        finally:
            finished.set()

    threading.Thread(target=ask, daemon=True).start()
    finished.wait(timeout_s)
    return found.is_set()


def fingerprint(bars: tuple[Path, ...]) -> str:
    """Hash of the files' bytes, in their order; empty without files."""
    if not bars:
        return ""
    digest = hashlib.sha256()
    for path in bars:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:FINGERPRINT_LENGTH]
