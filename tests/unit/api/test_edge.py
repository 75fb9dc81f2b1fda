"""Hosts and the page of documentation."""

import pytest

from services.api.docs import page
from services.api.edge import host_of


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8000", "localhost"),
        ("LocalHost", "localhost"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:8000", "[::1]"),
        ("[::1]", "[::1]"),
        ("evil.example:8000", "evil.example"),
        ("", ""),
        (":80", ":80"),
    ],
)
def test_a_host_is_read_without_its_port(header: str, name: str):
    assert host_of(header) == name


def test_the_page_escapes_what_it_shows():
    operation = {"tags": ["<a>"], "summary": "<script>", "parameters": [{"in": "query", "name": "&x"}]}
    text = page({"info": {"title": "T", "version": "1"}, "paths": {"/x/{<id>}": {"get": operation}}})
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "/x/{&lt;id&gt;}" in text
    assert "&amp;x" in text
