"""Batches handed to schedulers: the script that is written, and what happens when its elements run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dipcli.batch.scripts import array_limit, requeue, write_script
from dipcli.errors import OptionError
from tests.commands import QUICK, save_noisy

INDICES = {
    "slurm": "SLURM_ARRAY_TASK_ID",
    "pbs": "PBS_ARRAY_INDEX",
    "lsf": "LSB_JOBINDEX",
    "sge": "SGE_TASK_ID",
}
PROGRAMS = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub", "sge": "qsub"}
ARRAYS = {"slurm": "--array=1-", "pbs": "-J 1-", "lsf": "dipcli[1-", "sge": "-t 1-"}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def scans(tmp_path):
    (tmp_path / "my scans").mkdir()
    for index in range(3):
        save_noisy(tmp_path / "my scans" / f"{index}.png", seed=index)
    return tmp_path / "my scans"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """`stand_in(program, text)` puts a program of that name first on PATH."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def make(name, text):
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    return make


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_script_is_kept_and_the_scheduler_gets_it(denoise, scans, tmp_path, stand_in, name):
    text = f'echo "$@" > {tmp_path}/arguments; {"cat" if name == "lsf" else ":"} > {tmp_path}/stdin; echo job 7'
    stand_in(PROGRAMS[name], text)
    stand_in("scontrol", "exit 1")
    out = tmp_path / "out"
    done = denoise("-r", scans, "-o", out, "--submit", name, "--array", "2", "--sbatch", "-q 'the long one'")
    assert (done.exit_code, done.stdout) == (0, "job 7\n")
    script = (out / f"dipcli.{name}.sh").read_text()
    assert f"{ARRAYS[name]}2" in script
    assert f"cd {Path.cwd()}" in script
    told = (tmp_path / "arguments").read_text()
    assert told.startswith("-q the long one")
    assert (tmp_path / "stdin").read_text() == (script if name == "lsf" else "")
    assert name == "lsf" or "dipcli." in told
    assert (out / "dipcli.plan.json").is_file()
    assert subprocess.run(["bash", "-n", out / f"dipcli.{name}.sh"], check=False).returncode == 0


@pytest.mark.parametrize("name", ["slurm", "sge"])
def test_the_elements_of_an_array_do_all_inputs(denoise, scans, tmp_path, stand_in, name, monkeypatch):
    monkeypatch.chdir(ROOT)
    stand_in(PROGRAMS[name], "echo submitted")
    stand_in("scontrol", "exit 1")
    out = tmp_path / "out"
    denoise("-r", scans, "-o", out, "--submit", name, "--array", "2")
    for index in ("1", "2"):
        environment = {**os.environ, INDICES[name]: index}
        done = subprocess.run(
            ["bash", out / f"dipcli.{name}.sh"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    denoise("-r", scans, "-o", tmp_path / "local")
    for index in range(3):
        assert (out / f"{index}.png").read_bytes() == (tmp_path / "local" / f"{index}.png").read_bytes()


def test_grid_engine_is_told_by_its_own_code(tmp_path):
    script = write_script("sge", ["bash", "-c", "exit 75", "bash"], [], n=2, logs=tmp_path)
    assert subprocess.run(["bash", "-c", script], check=False).returncode == 99


def test_an_array_of_one_is_none_for_pbs(tmp_path):
    script = write_script("pbs", ["echo"], [], n=1, logs=tmp_path)
    assert "-J" not in script
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False).stdout
    assert said == "--shard 1/1\n"


HOSTILE = (
    "$(touch hacked)",
    "`touch hacked`",
    "INDEX/$(touch hacked)",
    "a;touch hacked",
    "'",
    '"',
    "a b",
    "*",
    "-x",
    "#",
    "%A",
)


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_no_name_means_anything_to_the_shell(tmp_path, monkeypatch, name):
    folder = tmp_path / "here; touch hacked; $(touch hacked)"
    folder.mkdir()
    monkeypatch.chdir(folder)
    show = [sys.executable, "-c", "import sys; print(sys.argv[1:])"]
    script = write_script(name, show, HOSTILE, n=3, logs=tmp_path / "o 'o'")
    environment = {**os.environ, INDICES[name]: "2"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{['--shard', '2/3', *HOSTILE]}\n"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_folder_of_the_logs_is_one_word_of_the_header(name):
    script = write_script(name, ["true"], [], n=2, logs=Path("/my data/it's 9/dipcli.logs"))
    assert any("\"/my data/it's 9/dipcli.logs" in line for line in script.splitlines() if line.startswith("#"))


def test_the_letters_that_slurm_replaces_stay_as_they_are():
    assert '"/50%% off/%A_%a.log"' in write_script("slurm", ["true"], [], n=2, logs=Path("/50% off"))


@pytest.mark.parametrize("name", list(PROGRAMS))
@pytest.mark.parametrize("letter", ["\n", "\r", "\x1b", "\x85"])
def test_a_control_character_goes_into_no_script(tmp_path, name, letter):
    with pytest.raises(OptionError, match="control character"):
        write_script(name, ["true"], [], n=2, logs=tmp_path / f"o{letter}touch hacked")
    with pytest.raises(OptionError, match="control character"):
        write_script(name, ["true"], [f"o{letter}touch hacked"], n=2, logs=tmp_path)


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_what_a_header_cannot_say_is_refused(tmp_path, name):
    with pytest.raises(OptionError, match="has no word for"):
        write_script(name, ["true"], [], n=2, logs=tmp_path / 'o"' / "logs")


def test_a_quote_that_is_not_closed_is_a_usage_error(denoise, scans, tmp_path):
    done = denoise("-r", scans, "-o", tmp_path / "out", "--submit", "slurm", "--sbatch", "--comment='x")
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_no_module_is_taken_from_the_current_folder(denoise, scans, tmp_path, monkeypatch):
    """Neither by workers, nor by the elements of an array, nor by whatever Python these start."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("torch", "typer", "numpy", "random"):
        (folder / f"{name}.py").write_text("open('executed', 'a')")
    monkeypatch.chdir(folder)
    program = [sys.executable, "-P", "-m", "dipcli", "denoise", "-r", str(scans), *QUICK, "--classical", "0.5"]
    subprocess.run([*program, "-o", str(tmp_path / "out"), "--jobs", "2"], check=True, capture_output=True)
    script = denoise(
        "-r", scans, "-o", tmp_path / "array", "--submit", "slurm", "--array", "1", "--dry-run"
    ).stdout
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "1"}
    subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True)
    assert len(list((tmp_path / "array").glob("*.png"))) == 3
    assert not (folder / "executed").exists()


def test_a_dry_run_prints_the_script_alone(denoise, scans, tmp_path):
    done = denoise("-r", scans, "-o", tmp_path / "out", "--submit", "slurm", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.startswith("#!/bin/bash\n")
    assert "--array=1-3" in done.stdout
    assert "--resume --requeue" in done.stdout.replace("--shard", "").replace('"$SLURM_ARRAY_TASK_ID/3" ', "")
    assert not (tmp_path / "out").exists()


def test_the_site_bounds_the_array(stand_in):
    stand_in("scontrol", 'echo "MaxArraySize            = 11"')
    assert array_limit("slurm") == 10


def test_a_scheduler_that_refuses_is_one_sentence(denoise, scans, tmp_path, stand_in):
    stand_in("sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1")
    stand_in("scontrol", "exit 1")
    done = denoise("-r", scans, "-o", tmp_path / "out", "--submit", "slurm")
    assert done.exit_code == 1
    assert "invalid partition" in done.stderr


def test_a_scheduler_that_is_not_here_is_one_sentence(denoise, scans, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = denoise("-r", scans, "-o", tmp_path / "out", "--submit", "lsf")
    assert done.exit_code == 2
    assert "bsub is not on this machine" in done.stderr


def test_a_single_input_is_not_submitted(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--submit", "slurm")
    assert done.exit_code == 2
    assert "several inputs" in done.stderr


def test_an_address_belongs_to_dask(denoise, noisy):
    assert denoise(noisy, "--address", "tcp://a:1").exit_code == 2
    assert denoise(noisy, "--submit", "dask").exit_code == 2


def test_a_job_asks_to_be_queued_again(stand_in, tmp_path):
    stand_in("scontrol", f'echo "$@" >> {tmp_path}/asked')
    assert requeue({"SLURM_JOB_ID": "8", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "3"}) is None
    assert requeue({"SLURM_JOB_ID": "8"}) is None
    assert (tmp_path / "asked").read_text() == "requeue 7_3\nrequeue 8\n"
    assert "already" in requeue({"SLURM_JOB_ID": "8", "SLURM_RESTART_COUNT": "100"})
    assert "is none" in requeue({})


def test_a_running_dask_cluster_takes_the_batch(denoise, scans, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.chdir(ROOT)
    port = 18786
    programs = [
        ["dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"],
        ["dask", "worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard"],
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path
        )
        for words in programs
    ]
    try:
        done = denoise(
            "-r", scans, "-o", tmp_path / "out", "--submit", "dask", "--address", f"tcp://127.0.0.1:{port}",
            "--array", "2",
        )  # fmt: skip
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(20)
    assert done.exit_code == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [str(tmp_path / "out" / f"{index}.png") for index in range(3)]


def test_a_dask_scheduler_that_does_not_answer_is_one_sentence(denoise, scans, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("dipcli.batch.dask.SECONDS", 0.2)
    done = denoise("-r", scans, "-o", tmp_path / "out", "--submit", "dask", "--address", "tcp://127.0.0.1:9")
    assert done.exit_code == 2
    assert "no Dask scheduler answers there" in done.stderr
