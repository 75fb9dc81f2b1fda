"""What can go wrong, told apart by who can mend it.

PaperfoldError
|- InputError        someone outside gave us something wrong  -> say where, the rule, the value; never retried
|- UnavailableError  a neighbour is down or slow              -> retried with backoff at one place per service
`- InvariantError    we are wrong                             -> not caught; the process ends, recovery runs
"""


class PaperfoldError(Exception):
    """Base of every error that this project raises on purpose."""


class InputError(PaperfoldError):
    """Input that breaks a rule: names the place, the rule and the value found."""

    def __init__(self, place: str, rule: str, found: object = None) -> None:
        self.place = place
        self.rule = rule
        self.found = found
        super().__init__(f"{place}: {rule}" + ("" if found is None else f", was {found}"))


class UnavailableError(PaperfoldError):
    """A neighbour (exchange, database, bus) did not answer as it should; trying again may help."""


class InvariantError(PaperfoldError):
    """A promise of our own code is broken."""


class OutOfRangeError(PaperfoldError):
    """A money word passed its bound of 2^62; the run fails at that bar, in every mode alike."""


class FencedError(PaperfoldError):
    """Someone else owns this row now: forget what is in memory and recover."""


class DivergenceError(PaperfoldError):
    """A different row stands under the key that this fold would write."""
