"""Every record is as its schema says, which stands in the package for those who read records."""

import json
import re
import shlex
from importlib.resources import files

import numpy as np
import pytest
from patterns import as_cxi, simulated
from scan_files import as_npy
from scans import sampled_kspace

from tests.commands import record_of, save_hole, save_noisy

SCHEMA = json.loads((files("dipcli.pipeline") / "record.schema.json").read_text())
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def refuse(value, schema, where="record"):
    """The part of JSON Schema that ours uses."""
    if "$ref" in schema:
        refuse(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], where)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_bool = isinstance(value, bool)
    assert not kinds or any(isinstance(value, TYPES[k]) and is_bool == (k == "boolean") for k in kinds), where
    assert "enum" not in schema or value in schema["enum"], where
    assert "pattern" not in schema or re.search(schema["pattern"], value), where
    assert "minimum" not in schema or value >= schema["minimum"], where
    if isinstance(value, list):
        for index, item in enumerate(value):
            refuse(item, schema.get("items", {}), f"{where}[{index}]")
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= value.keys(), where
        for name, item in value.items():
            rest = schema.get("additionalProperties", {})
            found = schema.get("properties", {}).get(name, rest)
            assert found is not False, f"{where}.{name} is not in the schema"
            refuse(item, found, f"{where}.{name}")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "a.png")
    save_noisy(tmp_path / "large.png", (64, 40, 3))
    save_noisy(tmp_path / "truth.png", seed=1)
    save_hole(tmp_path / "hole.png")
    as_npy(tmp_path / "scan.npy", sampled_kspace(slices=2))
    as_cxi(tmp_path / "scan.cxi", *simulated())
    return tmp_path


FIT = "--iterations 4 --runs 2 --threads 1"


@pytest.mark.parametrize(
    "line",
    [
        f"denoise a.png -o out.png --classical 0.5 --reference truth.png {FIT}",
        "denoise a.png -o out.png --classical 1 --threads 1",
        f"denoise large.png -o out.png --classical 0.5 --tile 32 {FIT}",
        f"inpaint a.png -o out.png --mask hole.png {FIT}",
        f"upscale a.png -o out.png {FIT}",
        "deblur a.png -o out.png --kernel gauss:1 --method wiener --threads 1",
        f"mri scan.npy -o out.npy --axes slice,coil,y,x --width 4,4 {FIT}",
        "phase-retrieve scan.cxi -o out.npz --starts 3 --cycles 50 --rounds 1 --threads 1 --reference scan.cxi",
    ],
)
def test_records_are_as_the_schema_says(program, here, line):
    done = program(*shlex.split(line))
    assert done.exit_code == 0, done.stderr
    record = record_of(here / line.split("-o ")[1].split(" ")[0])
    refuse(record, SCHEMA)
    assert record["versions"]["dipcli"] == record["version"]


def test_the_command_line_of_a_record_does_it_again(denoise, program, here):
    denoise("a.png", "-o", "out.png")
    expected, argv = (here / "out.png").read_bytes(), record_of(here / "out.png")["argv"]
    (here / "out.png").unlink()
    assert program(*argv[1:]).exit_code == 0
    assert (here / "out.png").read_bytes() == expected


@pytest.mark.parametrize("command", ["denoise", "upscale", "inpaint"])
def test_a_value_that_was_used_is_in_the_record(program, tmp_path, command):
    save_noisy(tmp_path / "a.png", (48, 64))
    flags = ("--classical", "0.5", "--runs", "1", "--iterations", "2", "--threads", "1")
    if command == "inpaint":
        save_hole(tmp_path / "mask.png", (48, 64))
        flags += ("--mask", tmp_path / "mask.png")
    assert program(command, tmp_path / "a.png", "-o", tmp_path / "out.png", *flags).exit_code == 0
    options = record_of(tmp_path / "out.png")["options"]
    assert 0.05 < options["sigma"] < 0.2
    assert options["tv_weight"] > 0


def test_the_noise_that_deblurring_reckoned_with_is_in_the_record(program, tmp_path):
    save_noisy(tmp_path / "a.png", (48, 64))
    np.save(tmp_path / "kernel.npy", np.ones((3, 3)))
    flags = ("--kernel", tmp_path / "kernel.npy", "--method", "tv", "--threads", "1")
    assert program("deblur", tmp_path / "a.png", "-o", tmp_path / "out.png", *flags).exit_code == 0
    assert 0.05 < record_of(tmp_path / "out.png")["options"]["sigma"] < 0.2


def test_what_was_not_used_is_null_in_the_record(program, here):
    program("denoise", "a.png", "-o", "out.png", "--classical", "1", "--threads", "1")
    assert record_of(here / "out.png")["options"]["tv_weight"] is None
