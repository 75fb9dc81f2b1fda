"""The lines that `python -m tests.mutation` breaks are still there to be broken."""

import pytest

from tests.mutation.__main__ import ROOT, broken
from tests.mutation.mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_can_be_planted_and_is_python(mutant: Mutant) -> None:
    text = broken(mutant)
    assert text != (ROOT / mutant.path).read_text(encoding="utf-8")
    compile(text, mutant.path, "exec")


def test_there_are_enough_of_them() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30
