import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

from dipcli.errors import InputError
from dipcli.io.run_record import load_record, save_record, sha256_of


def test_a_record_reads_back_as_plain_json(tmp_path):
    record = {
        "path": Path("in") / "photo.png",
        "shape": (3, 4),
        "loss": np.float32(0.5),
        "n": np.int64(7),
        "stopped_early": np.bool_(True),
        "curve": np.array([1.0, np.nan]),
        "psnr": math.inf,
        "nested": {"unit": "µm", "nothing": None},
    }
    save_record(tmp_path / "run.json", record)
    assert load_record(tmp_path / "run.json") == {
        "path": str(Path("in") / "photo.png"),
        "shape": [3, 4],
        "loss": 0.5,
        "n": 7,
        "stopped_early": True,
        "curve": [1.0, None],
        "psnr": None,
        "nested": {"unit": "µm", "nothing": None},
    }


def test_a_record_is_indented_utf8_without_nan(tmp_path):
    save_record(tmp_path / "run.json", {"unit": "µm", "loss": math.nan})
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert text == '{\n  "unit": "µm",\n  "loss": null\n}\n'


def test_a_value_without_a_word_in_json_is_a_programming_mistake(tmp_path):
    with pytest.raises(TypeError):
        save_record(tmp_path / "run.json", {"thing": object()})
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "not a JSON record"), ("[" * 100_000, "not a JSON record"), ("[1]", "not a run's record")],
)
def test_a_damaged_record_is_an_input_error(tmp_path, text, problem):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=rf"run\.json: .*{problem}.*\.$"):
        load_record(tmp_path / "run.json")


def test_a_missing_record_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"run\.json: cannot be read"):
        load_record(tmp_path / "run.json")


def test_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "a.bin") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_sha256_of_a_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"a\.bin: cannot be read"):
        sha256_of(tmp_path / "a.bin")


def test_the_json_is_valid_for_strict_parsers(tmp_path):
    save_record(tmp_path / "run.json", {"loss": [math.nan, -math.inf, 1.0]})

    def refuse(name):
        raise AssertionError(name)

    assert json.loads((tmp_path / "run.json").read_text(), parse_constant=refuse) == {"loss": [None, None, 1.0]}
