"""The API over HTTP: the only file of the dashboard that speaks it. Every call is made as somebody's session."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from shared.domain.errors import PaperfoldError, UnavailableError

PREFIX = "/api/v1"
TIMEOUT_S = 10.0
SILENCE_S = 40.0  # an event stream has a heartbeat every 15 s

Json = dict[str, Any]
Params = Mapping[str, str | int | Sequence[str] | None]  # a sequence is given as the same name repeated


class RefusedError(PaperfoldError):
    """The API understood and said no: a problem document (RFC 9457) with its status."""

    def __init__(self, status: int, problem: Json) -> None:
        self.status = status
        self.problem = problem
        self.detail = str(problem.get("detail") or problem.get("title") or f"status {status}")
        self.problems: list[Json] = problem.get("problems") or []
        super().__init__(self.detail)


class NotLoggedInError(PaperfoldError):
    """No session, or one that the API does not know any more."""


class Api:
    """A connection pool to one API."""

    def __init__(self, url: str, connections: int = 64) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url + PREFIX,
            timeout=httpx.Timeout(TIMEOUT_S, connect=3.0),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=16),
            trust_env=False,  # a neighbour is never reached through a proxy
        )

    def get(self, session: str, path: str, params: Params | None = None) -> Json:
        """The answer as JSON. Raises NotLoggedInError, RefusedError, UnavailableError."""
        answer: Json = self._send("GET", path, session, params=params).json()
        return answer

    def raw(self, session: str, path: str, params: Params | None = None) -> bytes:
        """The answer as it came. Raises NotLoggedInError, RefusedError, UnavailableError."""
        return self._send("GET", path, session, params=params).content

    def post(self, session: str | None, path: str, body: Json) -> Json:
        """Raises NotLoggedInError, RefusedError, UnavailableError."""
        answer: Json = self._send("POST", path, session, body=body).json()
        return answer

    def delete(self, session: str, path: str) -> None:
        """Raises NotLoggedInError, RefusedError, UnavailableError."""
        self._send("DELETE", path, session)

    @contextmanager
    def stream(self, session: str, path: str, params: Params | None = None) -> Iterator["Stream"]:
        """A long answer, as it comes. Raises NotLoggedInError, RefusedError, UnavailableError."""
        request = self._http.build_request(
            "GET",
            path,
            params=_given(params),
            headers=_bearer(session),
            timeout=httpx.Timeout(TIMEOUT_S, connect=3.0, read=SILENCE_S),
        )
        try:
            answer = self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise UnavailableError(_reason(self.url, error)) from error
        try:
            if answer.status_code >= 400:
                answer.read()
                raise _refusal(answer, session)
            yield Stream(answer)
        finally:
            answer.close()

    def is_ready(self) -> bool:
        """Whether the API answers at all."""
        try:
            return self._http.get(f"{self.url}/livez", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def _send(
        self, method: str, path: str, session: str | None, *, params: Params | None = None, body: Json | None = None
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, path, params=_given(params), json=body, headers=_bearer(session))
        except httpx.HTTPError as error:
            raise UnavailableError(_reason(self.url, error)) from error
        if answer.status_code >= 400:
            raise _refusal(answer, session)
        return answer


class Stream:
    """An answer that lasts."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    def chunks(self) -> Iterator[bytes]:
        """Bytes until either side ends. A neighbour that goes away ends the stream: whoever listens comes back."""
        try:
            yield from self._answer.iter_raw()
        except httpx.HTTPError:
            return

    def whole(self) -> Iterator[bytes]:
        """All of an answer that ends. Raises UnavailableError when it breaks: whoever passes it on breaks as well."""
        try:
            yield from self._answer.iter_bytes()
        except httpx.HTTPError as error:
            raise UnavailableError(_reason(str(self._answer.url), error)) from error

    def hang_up(self) -> None:
        """End it, also while another thread waits for its next byte."""
        line = self._answer.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):  # it has ended already
            line.shutdown(socket.SHUT_RDWR)


def _given(params: Params | None) -> list[tuple[str, str | int | float | bool | None]]:
    given = [(name, value) for name, value in (params or {}).items() if value is not None and value != ""]
    return [(name, one) for name, value in given for one in ([value] if isinstance(value, str | int) else value)]


def _bearer(session: str | None) -> dict[str, str]:
    return {} if session is None else {"Authorization": f"Bearer {session}"}


def _refusal(answer: httpx.Response, session: str | None) -> PaperfoldError:
    if answer.status_code == 401 and session is not None:
        return NotLoggedInError("the session has ended")
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    if answer.status_code == 503:
        return UnavailableError(str(problem.get("detail") or "the API is not ready"))
    return RefusedError(answer.status_code, problem)


def _reason(url: str, error: httpx.HTTPError) -> str:
    return f"{url} does not answer ({type(error).__name__}: {error})"
