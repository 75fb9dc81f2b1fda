"""Secrets for trying: `python -m deploy.kubernetes.secrets | kubectl create -f -`. Random, and nowhere else.

Of overlay embedded-stores; those of external-stores are made by who knows the servers' passwords. `create` refuses to
write over what is there. Needs no library.
"""

import json
import secrets
import sys

NAMESPACE = "paperfold"


def values() -> dict[str, dict[str, str]]:
    """Secret -> key -> value. Hex: as safe in an address as on a command line."""
    superuser, ours, analyst, redis, admin = (secrets.token_hex(32) for _ in range(5))
    return {
        "stores": {
            "database-url": f"postgresql://paperfold:{ours}@postgres:5432/paperfold",
            "redis-url": f"redis://:{redis}@redis:6379/0",
            "analyst-password": analyst,
        },
        "api": {"admin-token": admin},
        "postgres": {"superuser-password": superuser, "paperfold-password": ours},
        "redis": {"password": redis},
    }


def manifest() -> dict[str, object]:
    """The namespace and its Secrets, as one list for kubectl."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    made = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "stringData": keys,
        }
        for name, keys in values().items()
    ]
    return {"apiVersion": "v1", "kind": "List", "items": [namespace, *made]}


if __name__ == "__main__":
    if sys.stdout.isatty():
        raise SystemExit("secrets are not shown: python -m deploy.kubernetes.secrets | kubectl create -f -")
    json.dump(manifest(), sys.stdout)
