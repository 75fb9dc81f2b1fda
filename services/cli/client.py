"""The API, asked over HTTP: answers as JSON, problem documents as errors that name what to mend.

A request is tried again when the connection or the service behind it failed; a POST carries an idempotency key, so
that a second try makes nothing twice.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx

from services.cli.system import Api, find_api
from shared.domain.errors import InputError, PaperfoldError, UnavailableError

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
LONG_TIMEOUT = httpx.Timeout(600.0, connect=5.0)  # for documents of long runs
TRIES = 3  # to reach it at all
PATIENCE_S = 10.0  # with one that says that it will answer soon
PAUSE_S = 0.5
PAGE = 500  # rows that the API gives at once
LOOPBACK = ("127.0.0.1", "localhost", "::1")
INPUT_STATUSES = (400, 404, 413, 422)  # what the person gave is wrong; 401, 403 and 409 say something else

Json = dict[str, Any]


class RefusedError(PaperfoldError):
    """The API answered, and refuses."""


class WrongInputError(InputError):
    """The API answered: what was asked for is wrong. One line for each problem."""

    def __init__(self, message: str) -> None:
        super().__init__("api", message)
        self.args = (message,)


class Client:
    """One system's API."""

    def __init__(self, api: Api) -> None:
        self.api = api
        host = urlsplit(api.url).hostname or ""
        self._http = httpx.Client(
            base_url=f"{api.url}/api/v1",
            headers={"Authorization": f"Bearer {api.token}"},
            timeout=TIMEOUT,
            trust_env=host not in LOOPBACK,  # a proxy of the environment does not know this machine's ports
        )

    def get(self, path: str, **params: object) -> Json:
        """The answer's JSON. Raises RefusedError, WrongInputError, UnavailableError."""
        return _json(self._ask("GET", path, params={k: v for k, v in params.items() if v is not None}))

    def post(
        self, path: str, body: Mapping[str, object] | None = None, key: str | None = None, file: str | None = None
    ) -> Json:
        """The same of a POST. `key` names this wish, so that it is granted once; `file` is what `error_of` takes."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return _json(self._ask("POST", path, file, json=dict(body or {}), headers=headers))

    def delete(self, path: str) -> None:
        """End what is there."""
        self._ask("DELETE", path)

    def raw(self, path: str) -> bytes:
        """The answer's bytes as they came."""
        return self._ask("GET", path, timeout=LONG_TIMEOUT).content

    def save(self, path: str, into: BinaryIO) -> None:
        """The same, written as they come: an answer may be larger than memory. Raises UnavailableError if it breaks."""
        answer = self._ask("GET", path, stream=True, timeout=LONG_TIMEOUT)
        try:
            for block in answer.iter_bytes():
                into.write(block)
            into.flush()
        except httpx.TransportError as error:
            raise self._away(error) from error
        finally:
            answer.close()

    def all_items(self, path: str, most: int | None = None, newest: bool = False) -> list[Json]:
        """Rows of a list, oldest first: all, or at most so many from its beginning or its end."""
        items: list[Json] = []
        while most is None or len(items) < most:
            limit = PAGE if most is None else min(PAGE, most - len(items))
            page = self.get(path, limit=limit, offset=len(items), order="desc" if newest else "asc")
            items += page["items"]
            if not page["items"] or len(items) >= page["total"]:
                break
        return items[::-1] if newest else items

    @contextmanager
    def lines(self, path: str, params: Mapping[str, Any]) -> Iterator[Iterator[str]]:
        """Lines of an answer that does not end."""
        patience = httpx.Timeout(45.0, connect=5.0)  # the API sends a sign of life every 15 s
        try:
            with self._http.stream("GET", path, params=params, timeout=patience) as answer:
                if answer.is_error:
                    answer.read()
                    raise error_of(answer)
                yield answer.iter_lines()
        except httpx.TransportError as error:
            raise self._away(error) from error

    def close(self) -> None:
        self._http.close()

    def _ask(
        self, method: str, path: str, file: str | None = None, *, stream: bool = False, **request: Any
    ) -> httpx.Response:
        failed, deadline = 0, time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self._http.send(self._http.build_request(method, path, **request), stream=stream)
                if answer.is_error:
                    answer.read()
            except httpx.TransportError as error:
                failed += 1
                if failed >= TRIES or isinstance(error, httpx.ReadTimeout):
                    raise self._away(error) from error
            else:
                if answer.status_code not in (429, 503) or time.monotonic() > deadline:
                    break
            time.sleep(PAUSE_S)
        if answer.is_error:
            raise error_of(answer, file)
        return answer

    def _away(self, error: httpx.TransportError) -> UnavailableError:
        return UnavailableError(f"the API at {self.api.url} does not answer: {error or type(error).__name__}")


@contextmanager
def connected(data_dir: Path | None) -> Iterator[Client]:
    """A client of the system that is meant."""
    client = Client(find_api(data_dir))
    try:
        yield client
    finally:
        client.close()


def error_of(answer: httpx.Response, file: str | None = None) -> PaperfoldError:
    """A problem document as an error; `file` is what the person calls the strategy that it is about."""
    try:
        problem = answer.json()
        detail = problem.get("detail") or problem.get("title")
    except (ValueError, AttributeError):
        problem, detail = {}, None
    if answer.status_code in INPUT_STATUSES:
        return WrongInputError("\n".join(_findings(problem, file)) or str(detail or answer.reason_phrase))
    kind = UnavailableError if answer.status_code == 503 else RefusedError
    return kind(f"{detail or answer.reason_phrase or 'refused'} ({answer.status_code})")


def _findings(problem: Json, file: str | None) -> Iterator[str]:
    """Every finding of a problem document, a line each."""
    for one in problem.get("problems") or ():
        yield f"{file or one['file']}:{one['line']}:{one['column']}: {one['severity']}: {one['message']}"
    for one in problem.get("errors") or ():
        found = "" if one.get("found") is None else f", was {one['found']}"
        yield f"{one['where'].removeprefix('body.').removeprefix('query.')}: {one['rule']}{found}"


def _json(answer: httpx.Response) -> Json:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnavailableError(f"{answer.request.url} does not answer as a Paperfold API does")
    return found
