"""`python -m services.api`."""

import sys

if __name__ == "__main__":
    # structlog loads rich and pygments wherever they are installed: 8 MB that a server has no use for
    sys.modules["rich"] = None  # type: ignore[assignment]

    from services.api.serve import main

    sys.exit(main())
