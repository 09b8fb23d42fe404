# SPDX-License-Identifier: MIT
"""The structures that ctypes passes are those of aft.h."""

import ctypes
import pathlib
import shutil
import subprocess

import pytest
from libaft import _abi

PLACES = (pathlib.Path(__file__).parents[2] / "include/aft.h", pathlib.Path(__file__).parents[1] / "carried/aft.h")
HEADER = next(path for path in PLACES if path.is_file())  # in the repository, in a source package
STRUCTURES = {
    "aft_shape": _abi.Shape,
    "aft_tensor_in": _abi.Tensor,
    "aft_tensor": _abi.Tensor,
    "aft_bias": _abi.Bias,
    "aft_problem": _abi.Problem,
    "aft_parallel": _abi.Parallel,
    "aft_linear": _abi.Linear,
    "aft_layer": _abi.Layer,
    "aft_sequences": _abi.Sequences,
}
CONSTANTS = {
    name: getattr(_abi, name.removeprefix("AFT_"))
    for name in (
        *("AFT_OK", "AFT_NULL", "AFT_SIZE", "AFT_OVERLAP", "AFT_WORKSPACE", "AFT_STALE", "AFT_UNSUPPORTED"),
        *("AFT_BIAS_NONE", "AFT_BIAS_FULL", "AFT_BIAS_LOCAL", "AFT_BIAS_BAND", "AFT_BIAS_PREPARED"),
    )
}
# What is not in aft.h, in the sources that are beside it in the repository.
LAYER_HEADER = HEADER.parents[1] / "dispatch/layer.h"


def layout_in_c(tmp_path, include, structures, constants):
    """What a C compiler says of structures and constants, and what ctypes does."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    lines, wanted = [], []
    for name, structure in structures.items():
        lines.append(f'printf("%zu\\n", sizeof({name}));')
        wanted.append(ctypes.sizeof(structure))
        for field, *_ in structure._fields_:
            lines.append(f'printf("%zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));')
            place = getattr(structure, field)
            wanted.append((place.offset, place.size))
    for name, value in constants.items():
        lines.append(f'printf("%d\\n", {name});')
        wanted.append(value)
    source = tmp_path / "layout.c"
    source.write_text(f'#include "{include}"\n#include <stdio.h>\nint main(void) {{\n' + "\n".join(lines) + "\n}\n")
    program = tmp_path / "layout"
    subprocess.run([compiler, f"-I{HEADER.parent}", f"-I{HEADER.parents[1]}", source, "-o", program], check=True)
    said = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return said, [" ".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in wanted]


def test_layout(tmp_path):
    said, wanted = layout_in_c(tmp_path, "aft.h", STRUCTURES, CONSTANTS)
    assert said == wanted


def test_layout_of_a_packed_layer(tmp_path):
    if not LAYER_HEADER.is_file():
        pytest.skip("a source package has no dispatch/layer.h")
    said, wanted = layout_in_c(tmp_path, "dispatch/layer.h", {"aft_layer_header": _abi.LayerHeader}, {})
    assert said == wanted
