"""One world for all questions of docs/sql.md."""

from collections.abc import Iterator

import pytest

from services.cli.up.postgres import Postgres
from services.cli.up.valkey import Valkey
from tests.support.sql_world import World, world_of


@pytest.fixture(scope="package")  # of this folder's tests, not of the session: it leaves Redis to others
def world(postgres_server: Postgres, valkey_server: Valkey) -> Iterator[World]:
    """Asked as an analyst who has logged in."""
    valkey_server.flush()
    postgres_server.create_database("sql_page", template="template_paperfold")
    try:
        with world_of(postgres_server.url("sql_page"), valkey_server.url()) as world:
            yield world
    finally:
        postgres_server.drop_database("sql_page")
