"""`python -m services.exchange_sim`: a simulated Binance US by PAPERFOLD__SIM__...; ready when it answers a ping."""

import asyncio
import sys

from pydantic import ValidationError

from services.exchange_sim import app
from shared import log, settings
from shared.domain.errors import InputError


def main() -> int:
    """0 after a clean stop, 2 for settings or files that cannot be used, 1 when the server cannot start."""
    try:
        read = settings.load()
        log.configure("exchange_sim", read.log.level, read.log.json_lines)
        asyncio.run(app.run(read.sim))
    except (InputError, ValidationError) as error:
        print(f"exchange_sim: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except OSError as error:
        print(f"exchange_sim: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
