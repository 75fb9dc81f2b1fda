"""The API knows the newest schema without Alembic."""

from shared.store import migrate, schema_version


def test_it_is_alembics_head():
    assert schema_version.newest() == migrate.head()
