"""compiled.py: when compiling is worth it, and that the library can be compiled before anybody asks for it."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

from shared import compiled, kernel
from shared.indicators.registry import REGISTRY

SMALL = "timeframes: { entry: 15m }\nindicators:\n  - { id: a, type: EMA }\n"
LARGE = "timeframes:\n  entry: 1m\nindicators:\n" + "  - { id: a, type: EMA }\n" * 20


def python(code: str, root: Path) -> str:
    code = f"from pathlib import Path\nfrom shared import compiled\nroot = Path({str(root)!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    return done.stdout.strip()


def least(strategy: str, root: Path) -> int:
    """Fewest bars, in steps of a tenth, from which on compiling is worth it."""
    bars = 1_000
    while not compiled.is_quicker(bars, strategy, root):
        bars = bars * 11 // 10
    return bars


def test_asking_needs_no_compiler(tmp_path: Path) -> None:
    asked = "print(compiled.is_quicker(10**7, 'entry: 1m', root)); import sys; print('numba' in sys.modules)"
    assert python(asked, tmp_path).split() == ["True", "False"]


@pytest.mark.parametrize("strategy", [SMALL, LARGE, "", "no: strategy", "entry: 0m"])
def test_a_long_fold_compiles_and_a_short_one_does_not(strategy: str, tmp_path: Path) -> None:
    assert not compiled.is_quicker(1_000, strategy, tmp_path)
    assert compiled.is_quicker(100_000_000, strategy, tmp_path)


def test_fewer_bars_are_enough_the_more_each_costs_and_the_more_is_there(tmp_path: Path) -> None:
    folder = tmp_path / compiled._name()
    empty = [least(text, tmp_path) for text in (LARGE, SMALL)]
    folder.mkdir()
    compiled.remember_library(tmp_path)
    library = [least(text, tmp_path) for text in (LARGE, SMALL)]
    for text in (LARGE, SMALL):
        compiled._mark(folder, text).touch()
    all_there = [least(text, tmp_path) for text in (LARGE, SMALL)]
    assert all(a > b > c for a, b, c in zip(empty, library, all_there, strict=True))
    assert all(large < small for large, small in (empty, library, all_there))


def test_a_process_that_compiles_a_strategy_remembers_it(tmp_path: Path) -> None:
    python(f"compiled.switch_on(root, {LARGE!r})", tmp_path)
    assert least(LARGE, tmp_path) < least(LARGE + "#", tmp_path)


def test_the_types_of_every_indicator_are_named() -> None:
    known = {kernel.VectorF, kernel.VectorM, int, float, bool, type(None)}
    for sheet in REGISTRY.values():
        for function in (sheet.start, sheet.step):
            hints = get_type_hints(function)
            assert set(hints.values()) <= known, f"{sheet.type}: {hints}"
            assert "return" in hints, sheet.type


def test_machine_code_is_kept_under_a_hash_of_all_that_it_was_made_of() -> None:
    """numba writes imported constants into it and notices no edit of theirs: a kernel would go on with the old ones."""
    sources = compiled.sources()
    kernels = [path for path in sources if "@kernel\n" in path.read_text(encoding="utf-8")]
    assert len(kernels) > 50
    for path in kernels:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared."):
                spec = importlib.util.find_spec(str(node.module))
                assert spec is not None
                assert Path(str(spec.origin)) in sources, f"{path} imports {node.module}"


def test_what_was_compiled_beforehand_is_loaded(tmp_path: Path) -> None:
    """A part of the library, as several processes share it, is the cache of the process that calls it."""
    part = "from shared import kernel\ncompiled.switch_on(root)\nfrom shared.engine import money\n"
    compile_all = part + "print(sum(kernel.compile_declared(i, 2) for i in range(2)))"
    call = part + "print(money.mul_div_even(7, 3, 2), sum(money.mul_div_even.stats.cache_misses.values()))"
    assert int(python(compile_all, tmp_path)) >= len(kernel.OWN) + 8
    assert python(call, tmp_path).split() == ["10", "0"]
