"""The C kernel: a header from the traced model, compiled here and called through ctypes.

The kernel takes the same steps as the batched method (kernel.c), so the two differ in speed alone.
Its equations come from the same graph, which is not a second source: what is compared is NumPy with
compiled code. It writes the states; the assay's readings, which ``solve`` gives as well, it leaves
out.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve import batch, explicit, stiff
from cgtlearn.trace.javascript import Writer
from cgtlearn.trace.numpy_code import held_apart

SOURCE = Path(__file__).resolve().parents[1] / "kernel.c"
FLAGS = ("-O3", "-march=native", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math")
FLAGS += ("-fno-signed-zeros", "-std=gnu11", "-shared", "-fPIC")


class Absent(RuntimeError):
    """Why a peer is not in the table."""


class CWriter(Writer):
    """Expressions of one function, as C."""

    def text(self, node):
        if node.op == "const":
            text, strength = super().text(node)
            return (f"{text}.0" if re.fullmatch(r"-?\d+", text) else text), strength
        text, strength = super().text(node)
        return re.sub(r"M\.(min|max)\(", r"f\1(", text).replace("M.abs", "fabs").replace(
            "M.", ""
        ), strength

    def head(self):
        return "".join(f"const double v{i} = {text};\n" for i, text in enumerate(self.lines))


def table(name: str, rows, width: int) -> str:
    """A table of numbers, a row for each stage, filled up with zeros."""
    lines = ["{" + ", ".join(repr(float(v)) for v in row) + "}" for row in rows]
    lines = [line if line != "{}" else "{0}" for line in lines]
    return f"static const double {name}[{len(lines)}][{width}] = {{{', '.join(lines)}}};\n"


def header(model: Model) -> str:
    """What kernel.c includes for this model and its method."""
    code = batch.code_of(model)
    program, n = code.program, len(model.states)
    if code.uses_time:
        raise Absent(f"{model.name} has slopes that depend on the time itself")
    graph = program.graph
    states = {node.index: f"z{i}" for i, node in enumerate(program.states)}
    between = {graph.input("phase").index: "h[l]"}
    between |= {graph.input(f"u.{name}").index: f"u[{i}][l]" for i, name in enumerate(model.states)}
    jacobian = [program.jacobian[i][j] for i, j in code.entries]
    constants, kept = held_apart(program)
    constant = {node.index: f"c[{i}][l]" for i, node in enumerate(constants)}
    holding = {node.index: f"g[{i}][l]" for i, node in enumerate(kept)}

    def function(head: str, names: dict[int, str], out: str, nodes) -> str:
        writer = CWriter(names, nodes)
        unpack = "".join(f"const double z{i} = z[{i}][l];\n" for i in range(n) if "Row *z" in head)
        body = "".join(f"{out}[{k}][l] = {writer.text(node)[0]};\n" for k, node in enumerate(nodes))
        return f"static inline void {head}\n{{\nLANES {{\n{unpack}{writer.head()}{body}}}\n}}\n"

    moving = {**states, **constant, **holding}
    usual = batch.choice(model) == "Rodas5P"
    entries = list(code.entries)
    pairs = [
        (entries.index((i, j)), entries.index((j, i)))
        for i, j in entries
        if i <= j and (j, i) in entries
    ]
    text = stiff.elimination_text(code.entries, n)
    factors, factor, substitute = elimination(text)
    sizes = {
        "STATES": n, "CONSTANTS": len(constants), "HELD": len(kept), "ENTRIES": len(entries),
        "FACTORS": factors, "PAIRS": len(pairs), "STIFF": int(usual),
        "SWITCHES": len(program.switches), "DOSES": len(program.doses),
        "STAGES": len(stiff.WEIGHTS if usual else explicit.WEIGHTS),
    }  # fmt: skip
    logs = ", ".join(str(int(name in model.log_states)) for name in model.states)
    parts = [f"#define {name} {value}\n" for name, value in sizes.items()]
    parts += [f"static const int LOGS[{n}] = {{{logs}}};\n"]
    listed = ", ".join(f"{{{a}, {b}}}" for a, b in pairs) or "{0, 0}"
    parts += [f"static const int PAIR[{max(len(pairs), 1)}][2] = {{{listed}}};\n"]
    if usual:
        parts += [f"#define GAMMA {stiff.GAMMA!r}\n", table("WEIGHTS", stiff.WEIGHTS, 8)]
        parts += [table("COUPLED", stiff.COUPLED, 8), table("DENSE", stiff.DENSE, 8)]
    else:
        parts += [table("WEIGHTS", explicit.WEIGHTS, 7), table("DENSE", [explicit.DENSE], 7)]
        parts += [table("ERRORS", [explicit.ERROR], 7)]
    parts += [
        function("held(Row *c, double *h, Row *u, Row *g)", {**constant, **between}, "g", kept),
        function("slopes(double *t, Row *z, Row *c, Row *g, Row *o)", moving, "o", program.slopes),
        function("jacobian(double *t, Row *z, Row *c, Row *g, Row *J)", moving, "J", jacobian),
        f"static inline void factor(Row *J, double *d, Row *F)\n{{\nLANES {{\n{factor}}}\n}}\n",
        f"static inline void substitute(Row *F, Row *x)\n{{\nLANES {{\n{substitute}}}\n}}\n",
    ]
    return "".join(parts)


def elimination(text: str) -> tuple[int, str, str]:
    """The number of factors, and the bodies of ``factor`` and ``substitute``, from Python's."""
    first, second = text.split("\n\n")
    known: set[str] = set()
    lines = []
    for line in first.splitlines()[1:-1]:
        name, value = line.strip().split(" = ")
        value = re.sub(r"J\[(\d+)\]", r"J[\1][l]", value)
        value = re.sub(r"\bd\b", "d[l]", value)
        lines.append(f"{'' if name in known else 'double '}{name} = {value};\n")
        known.add(name)
    kept = re.findall(r"\w+", first.splitlines()[-1].strip().removeprefix("return "))
    lines += [f"F[{k}][l] = {name};\n" for k, name in enumerate(kept)]
    place = {name: k for k, name in enumerate(kept)}

    def with_factors(line: str) -> str:
        return re.sub(
            r"\b[lwv]\d+(?:_\d+)?\b", lambda found: f"F[{place[found[0]]}][l]", line.strip()
        )

    solving = second.splitlines()
    rows = solving[1].count("x") - 1
    body = "".join(f"double x{i} = x[{i}][l];\n" for i in range(rows))
    body += "".join(f"{with_factors(line)};\n" for line in solving[3:])
    body += "".join(f"x[{i}][l] = x{i};\n" for i in range(rows))
    return len(kept), "".join(lines), body


class Kernel:
    """The compiled kernel of one model."""

    def __init__(self, model: Model) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            raise Absent("no C compiler")
        self.model = model
        self.code = batch.code_of(model)
        self.folder = tempfile.TemporaryDirectory()
        where = Path(self.folder.name)
        (where / "model.h").write_text(header(model), encoding="utf-8")
        library = where / "kernel.so"
        command = [compiler, *FLAGS, '-DMODEL="model.h"', "-I", str(where), str(SOURCE)]
        command += ["-o", str(library), "-lmvec", "-lm"]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise Absent(f"the C compiler failed: {run.stderr[:2000]}")
        self.solve = ctypes.CDLL(str(library)).solve

    def courses(self, p: Parameters, grid: np.ndarray, rtol: float) -> np.ndarray:
        """States (n, N, T)."""
        size = p.patients or 1
        values = [np.broadcast_to(v, size) for v in p.as_dict().values()]
        constants, start, switches, doses = self.code.setup(values)

        def rows(parts, by_patient: bool) -> np.ndarray:
            block = np.empty((len(parts), size))
            for row, part in zip(block, parts, strict=True):
                row[...] = part
            return np.ascontiguousarray(block.T if by_patient else block)

        arrays = [rows(constants, False), rows(start, False), rows(switches, True)]
        arrays += [rows([dose[k] for dose in doses], True) for k in (0, 2, 3)]
        numbers = np.array([dose[1] for dose in doses], np.int32)
        out = np.full((len(self.model.states), size, len(grid)), np.nan)
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, numbers, out)]
        failed = self.solve(
            size, len(grid), ctypes.c_void_p(grid.ctypes.data), ctypes.c_double(rtol),
            batch.MOST_STEPS, *pointers,
        )  # fmt: skip
        if failed:
            raise RuntimeError(f"the kernel failed for {failed} patients")
        return out
