"""Ports of 127.0.0.1 that nobody uses, for systems that start beside others.

The first free ones from 8000 on would be found by all of them, and some minutes of building lie before they are taken.
"""

import socket
from contextlib import ExitStack

from deploy.compose.env_file import PORTS


def own_ports() -> dict[str, str]:
    """Port by variable of Compose."""
    with ExitStack() as stack:
        probes = {name: stack.enter_context(socket.socket()) for name in PORTS}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: str(probe.getsockname()[1]) for name, probe in probes.items()}
