"""Clients with timeouts everywhere, and the one place where the library's errors become UnavailableError."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from shared.domain.errors import UnavailableError

SOCKET_TIMEOUT_S = 5.0
PROBE = "probe"  # never there
MAX_BLOCK_MS = 4_000  # a read that waits longer than the socket does would look like a dead server

_TRY_AGAIN = ("MISCONF", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS")  # a full disk, a start, failovers

_OPTIONS: dict[str, Any] = {
    "decode_responses": True,
    "protocol": 2,  # one shape of answers in every version of the library
    "socket_timeout": SOCKET_TIMEOUT_S,
    "socket_connect_timeout": 3.0,
    "health_check_interval": 15,
}


def connect(url: str, name: str, timeout_s: float | None = None) -> Redis:
    """A client for threads. Opens nothing yet. `timeout_s`: for who cannot wait SOCKET_TIMEOUT_S for one answer."""
    options = _options(url)
    if timeout_s is not None:
        options |= {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    # one retry: a pooled connection may have died with the server's last restart
    client: Redis = Redis.from_url(url, client_name=name, retry=Retry(NoBackoff(), 1), **options)
    return client


def connect_async(url: str, name: str) -> AsyncRedis:
    """A client for asyncio. Opens nothing yet."""
    client: AsyncRedis = AsyncRedis.from_url(url, client_name=name, retry=AsyncRetry(NoBackoff(), 1), **_options(url))
    return client


def _options(url: str) -> dict[str, Any]:
    """A socket file has no keepalive, and the library refuses to hear of it."""
    return dict(_OPTIONS) if url.startswith("unix:") else _OPTIONS | {"socket_keepalive": True}


def ping(client: Redis) -> None:
    """Raises UnavailableError when the server does not answer, or takes no writes: PING is answered at full memory."""
    with unavailable():
        client.setrange(PROBE, 0, "")  # a write, as far as the server's refusals go, that leaves nothing


@contextmanager
def unavailable() -> Iterator[None]:
    """Errors of the bus that trying again may mend, as UnavailableError."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError, NoPermissionError) as error:
        raise UnavailableError(f"bus: {error}") from error
    except RedisError as error:
        if _said(error).startswith(_TRY_AGAIN):
            raise UnavailableError(f"bus: {_said(error)}") from error
        raise


def _said(error: RedisError) -> str:
    """The server's own words: the library puts the command before those of a pipeline, and brackets around them."""
    return str(error).rpartition(" of pipeline caused error: ")[2].lstrip("('\"")
