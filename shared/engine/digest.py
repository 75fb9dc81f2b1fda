"""The digest of a run: blocks of its rows, chained (decision 0009). Equal rows give equal bytes, whatever the batches.

chain = sha256(chain + 16 rows) at every 16th row, beginning with 32 zero bytes; the digest is sha256 of the chain and
the rows since. One hash a row cost a third of a long backtest.
"""

from hashlib import sha256

from shared.domain.decision import WIDTH

BLOCK_BYTES = 16 * 8 * WIDTH
CHAIN_BYTES = 32


class Chain:
    """What has been hashed, and the rows that wait for a whole block."""

    def __init__(self, state: bytes = bytes(CHAIN_BYTES)) -> None:
        self._chain, self._rest = state[:CHAIN_BYTES], state[CHAIN_BYTES:]
        self._digest: bytes | None = None

    def add(self, rows: bytes) -> None:
        """Rows as little-endian words, in order of seq."""
        if not rows:
            return
        data = self._rest + rows
        whole = len(data) - len(data) % BLOCK_BYTES
        chain = self._chain
        for at in range(0, whole, BLOCK_BYTES):
            chain = sha256(chain + data[at : at + BLOCK_BYTES]).digest()
        self._chain, self._rest, self._digest = chain, data[whole:], None

    @property
    def digest(self) -> bytes:
        """Of every row added; made when it is asked for."""
        if self._digest is None:
            self._digest = sha256(self.state).digest()
        return self._digest

    @property
    def state(self) -> bytes:
        """All that goes on: the chain, then the rows since its last whole block. `Chain(state)` is this one again."""
        return self._chain + self._rest
