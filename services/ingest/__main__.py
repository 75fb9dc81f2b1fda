"""`python -m services.ingest`."""

import sys

if __name__ == "__main__":
    # structlog and httpx load these, and pygments, wherever they are installed: 5 MB that a server has no use for
    sys.modules |= {"rich": None, "click": None}  # type: ignore[dict-item]

    from services.ingest.serve import main

    sys.exit(main())
