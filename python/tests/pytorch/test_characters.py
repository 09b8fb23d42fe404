# SPDX-License-Identifier: MIT
"""examples/characters.py: the trained model answers as it did, with every AFT layer libaft's."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest
import torch

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/characters.py"


@pytest.fixture
def characters():
    specification = importlib.util.spec_from_file_location("characters", EXAMPLE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def four_digits(bits):
    return f"{bits:.3f}"


def test_trained_model(tmp_path):
    command = [sys.executable, EXAMPLE, "--repeats", "3", "--threads", "1", "--output", tmp_path]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads((tmp_path / "characters.json").read_text())
    stored = found["stored"]["bits per character"]
    for name in ("PyTorch", "libaft"):
        assert found[name]["largest difference of logits"] < 2e-4
        assert four_digits(found[name]["bits per character"]) == four_digits(stored)
    for part, times in found["times"]["1"].items():
        assert {name: len(samples) for name, samples in times["samples"].items()} == {"PyTorch": 3, "libaft": 3}
        assert part in said
    assert (tmp_path / "characters.svg").read_text().rstrip().endswith("</svg>")


def test_what_cannot_be_kept_is_not_measured(tmp_path):
    (tmp_path / "file").touch()
    command = [sys.executable, EXAMPLE, "--output", tmp_path / "file/folder"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "") and "file/folder: Not a directory" in done.stderr


def test_a_disk_that_is_full_leaves_the_old_file(characters, tmp_path):
    def write(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    path = tmp_path / "characters.json"
    path.write_text("old")
    with pytest.raises(SystemExit, match="cannot write .*characters.json: No space left on device; choose"):
        characters.save(path, write)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"characters.json": "old"}


def test_no_thread():
    command = [sys.executable, EXAMPLE, "--threads", "1", "0"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "--threads is 0" in done.stderr


@pytest.mark.parametrize("causal", (False, True))
def test_every_mixer_is_replaced(characters, inference, causal):
    original = characters.Model(causal).eval().requires_grad_(False)
    for parameter in original.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    model = characters.with_libaft(original)
    assert not any(isinstance(module, characters.Mixer) for module in model.modules())
    tokens = torch.randint(characters.CHARACTERS, (2, characters.LENGTH))
    expected = original(tokens)
    assert (model(tokens) - expected).abs().max() < 1e-5 * expected.abs().max()
