"""`dipcli denoise` of tables: what is written, and the sentences of what is none."""

import csv

import numpy as np
import pytest
from sensors import noisy_columns, save_sensors, true_columns

from tests.commands import record_of, sentence_of


def rows_of(path, delimiter=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_a_table_comes_out_smoother_with_its_gaps_filled_and_marked(program, tmp_path):
    table = save_sensors(tmp_path / "s.csv", gap=range(50, 60))
    truth = save_sensors(tmp_path / "truth.csv", true_columns())
    done = program("denoise", table, "-o", tmp_path / "clean.csv", "--reference", truth)
    assert done.exit_code == 0, done.stderr
    metrics = record_of(tmp_path / "clean.csv")["metrics"]
    assert metrics["snr_db"] > metrics["input_snr_db"] + 6
    before, after, doubt = (rows_of(tmp_path / f"{name}.csv") for name in ("s", "clean", "clean.sd"))
    assert [row[0] for row in after] == [row[0] for row in before]
    assert {row[-1] for row in after[1:]} == {"north"}
    assert float(after[55][1]) == pytest.approx(true_columns()[0, 54], abs=1.5)
    assert doubt[0] == [
        "time",
        "site",
        *(f"{n}_{k}" for k in ("sd", "filled") for n in ("temp", "pressure", "level")),
    ]
    assert [row[5] for row in doubt[50:53]] == ["0", "1", "1"]


def test_decimal_commas_and_semicolons_stay(program, tmp_path):
    table = save_sensors(tmp_path / "s.csv", delimiter=";", sign=",")
    assert program("denoise", table, "-o", tmp_path / "clean.csv").exit_code == 0
    rows = rows_of(tmp_path / "clean.csv", ";")
    assert len(rows[0]) == 5
    assert "," in rows[3][1]
    assert float(rows[3][1].replace(",", ".")) == pytest.approx(noisy_columns()[0, 2], abs=3)


def test_a_part_of_the_noise_can_be_kept(program, tmp_path):
    table = save_sensors(tmp_path / "s.csv")
    program("denoise", table, "-o", tmp_path / "clean.csv", "--strength", "0")
    values = np.array([[float(cell) for cell in row[1:4]] for row in rows_of(tmp_path / "clean.csv")[1:]])
    np.testing.assert_allclose(values, [[float(c) for c in row[1:4]] for row in rows_of(table)[1:]], atol=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("2026-01-01T00:05,", "2026-01-01T00:05,broken", 1), "row 7: 'broken"),
        (lambda text: text.replace("north", "north,east", 1), "row 2 has another number of columns"),
        (lambda text: "\n".join(text.splitlines()[:5]), "4 rows are too few"),
        (lambda text: "1,2,3,4,5\n" + text.split("\n", 1)[1], "has no header"),
        (lambda text: "", "is empty"),
        (lambda text: "a,b\n" + "x,y\n" * 20, "no column of numbers"),
        (lambda text: "\0\0" + text, "is no text"),
    ],
)
def test_what_is_wrong_is_one_sentence(program, tmp_path, change, said):
    table = save_sensors(tmp_path / "s.csv")
    table.write_text(change(table.read_text()))
    assert said in sentence_of(program("denoise", table, "-o", tmp_path / "clean.csv"))


def test_what_does_not_fit_is_one_sentence(program, tmp_path):
    table = save_sensors(tmp_path / "s.csv")
    out = ("-o", tmp_path / "clean.csv")
    assert "--sigma is for pictures" in sentence_of(program("denoise", table, *out, "--sigma", "1"), 2)
    assert "end the name in .csv" in sentence_of(program("denoise", table, "-o", tmp_path / "clean.png"), 2)
    short = save_sensors(tmp_path / "short.csv", true_columns(50))
    assert "another number of rows" in sentence_of(program("denoise", table, *out, "--reference", short), 2)
