"""Bring the database to the newest schema, in a process of its own: `python -m services.cli.up.migrate`."""

import sys

from shared import log, settings
from shared.domain.errors import PaperfoldError
from shared.store.migrate import upgrade


def main() -> int:
    config = settings.load()
    log.configure("migrate", config.log.level, config.log.json_lines)
    try:
        upgrade(config.database.url.get_secret_value())
    except PaperfoldError as error:
        log.get("migrate").error("migration_failed", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
