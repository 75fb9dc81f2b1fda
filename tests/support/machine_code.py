"""Machine code of kernels for processors that this machine is not: which of them multiplies and adds in one rounding?

`python -m tests.support.machine_code CACHE` prints, by target, kernels whose code holds a fused instruction: as numba
hands them to LLVM, and with the permission to fuse written in. A program of its own: it compiles every kernel.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "arm64 of Linux": ("aarch64-unknown-linux-gnu", ""),
    "arm64 of Apple": ("arm64-apple-darwin", "apple-m1"),
    "x86-64 with FMA": ("x86_64-unknown-linux-gnu", "haswell"),
    "x86-64 with AVX-512": ("x86_64-unknown-linux-gnu", "skylake-avx512"),
}
FUSED = re.compile(r"\s(v?fn?m(?:add|sub)\w*|v?fml[as]\w*)\s")
ARITHMETIC = re.compile(r"\b(fmul|fadd|fsub) (?=double|<)")
Found = dict[str, dict[str, list[str]]]  # target -> "as it is" | "permitted" -> kernels


def fused_kernels(cache: Path) -> Found:
    """Asked of a child process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.machine_code", str(cache)], cwd=ROOT, capture_output=True, text=True,
        check=True, env=os.environ | {"NUMBA_DISABLE_INTEL_SVML": "1"},
    )  # fmt: skip
    found: Found = json.loads(done.stdout)
    return found


def _is_fused(binding: Any, ir: str, triple: str, processor: str) -> bool:
    """Does the code that LLVM makes of this for a target hold an instruction that multiplies and adds?"""
    ir = re.sub(r'target triple = "[^"]*"', f'target triple = "{triple}"', ir)
    ir = re.sub(r'target datalayout = "[^"]*"\n', "", ir)
    machine = binding.Target.from_triple(triple).create_target_machine(cpu=processor, opt=3, jit=True)
    return FUSED.search(machine.emit_assembly(binding.parse_assembly(ir))) is not None


def main(cache: str) -> None:
    """Compile the operators, and look at them through the eyes of every target."""
    from shared.kernel import use_numba

    use_numba(cache)

    import llvmlite.binding as binding
    from numba import float64

    from tests.support.operator_kernels import OPERATORS

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    kernels: list[tuple[Any, Any]] = [(twin, (float64,) * n) for n, twins in OPERATORS.items() for twin in twins]
    for twin, types in kernels:
        twin.compile(types)
    texts = {twin.__name__: twin.inspect_llvm(types) for twin, types in kernels}
    found: Found = {}
    for target, (triple, processor) in TARGETS.items():
        found[target] = {
            "as it is": [name for name, ir in texts.items() if _is_fused(binding, ir, triple, processor)],
            "permitted": [
                name for name, ir in texts.items()
                if _is_fused(binding, ARITHMETIC.sub(r"\1 contract ", ir), triple, processor)
            ],
        }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
