"""`python -m services.api`."""

import sys

if __name__ == "__main__":
    # structlog loads rich and pygments wherever they are installed, and FastAPI asks whether models are of pydantic 1:
    # 5 MB that a server has no use for
    sys.modules |= {"rich": None, "pydantic.v1": None}  # type: ignore[dict-item]

    from services.api.serve import main

    sys.exit(main())
