"""Which files are inputs: folders are looked through, lists are read, whatever made them."""

import os

import pytest

from tests.commands import QUICK, save_hole, save_noisy, sentence_of

LATIN = os.fsdecode(b"caf\xe9.png")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to stand in, with two noisy pictures in another."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name in "ab":
        save_noisy(tmp_path / "in" / f"{name}.png")
    return tmp_path


def pictures(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))


@pytest.mark.parametrize(
    "name", ["._a.png", ".hidden.png", "@eaDir/a.png", "__MACOSX/a.png", "Thumbs.db", ".git/a.png"]
)
def test_what_systems_leave_in_folders_is_no_input(denoise, here, name):
    (here / "in" / name).parent.mkdir(exist_ok=True)
    (here / "in" / name).write_bytes(b"\0\5\x16\7")
    assert denoise("-r", "in", "-o", "out").exit_code == 0
    assert pictures(here / "out") == ["a.png", "b.png"]


def test_links_do_not_lead_in_circles(denoise, here):
    (here / "in" / "up").symlink_to("..")
    (here / "in" / "self.png").symlink_to("self.png")
    done = denoise("-r", "in", "-o", "out", "--dry-run", "--json")
    assert done.stdout.count("standing") == 2


@pytest.mark.parametrize("output", [("-o", "in/clean"), ()], ids=["folder", "beside"])
def test_results_among_the_inputs_are_no_inputs(denoise, here, output):
    assert denoise("-r", "in", *output).exit_code == 0
    first = pictures(here / "in")
    assert len(first) == 4
    done = denoise("-r", "in", *output, "--resume")
    assert (done.exit_code, done.stdout) == (0, "")
    next((here / "in").rglob(first[-1] if output else "b_restored.png")).unlink()
    assert denoise("-r", "in", *output, "--resume").exit_code == 0
    assert pictures(here / "in") == first


def test_what_lies_beside_results_is_no_input(program, here):
    arguments = ("--classical", "0.5", "--iterations", "3", "--runs", "2", "--threads", "1")
    assert program("deblur", "-r", "in", "-o", "sharp", "--kernel", "gauss:1", "--method", "wiener").exit_code == 0
    assert program("denoise", "-r", "sharp", "-o", "out", *arguments).exit_code == 0
    assert pictures(here / "out") == ["a.png", "b.png"]


LISTS = {
    "unix": b"# two\nin/a.png\n\nin/b.png\n",
    "windows": b"in/a.png\r\nin/b.png\r\n",
    "mark": b"\xef\xbb\xbfin/a.png\nin/b.png",
    "zeros": b"in/a.png\0in/b.png\0",
    "utf-16": "in/a.png\r\nin/b.png\r\n".encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + "in/a.png\nin/b.png\n".encode("utf-16-be"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_all_systems_are_read(denoise, here, kind):
    (here / "list.txt").write_bytes(LISTS[kind])
    assert denoise("@list.txt", "-o", "out").exit_code == 0
    assert pictures(here / "out") == ["a.png", "b.png"]


def test_a_list_has_names_that_are_not_utf8_and_names_with_new_lines(denoise, here):
    for name in (LATIN, "new\nline.png"):
        save_noisy(here / "x.png").rename(here / name)
    (here / "list.txt").write_bytes(os.fsencode(f"{LATIN}\0new\nline.png\0"))
    done = denoise("@list.txt", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert set(pictures(here / "out")) == {LATIN, "new\nline.png"}
    assert len(done.stdout_bytes.splitlines()) == 2


@pytest.mark.parametrize("line", ["/", "..", ".", "in"])
def test_a_folder_in_a_list_is_a_usage_error(program, here, line):
    (here / "list.txt").write_text(f"{line}\nin/a.png\n")
    for command in ("denoise", "mri"):
        assert "is a folder; add -r" in sentence_of(program(command, "@list.txt", "-o", "out"), 2)


@pytest.mark.parametrize("output", ["new", "new/", "new.2024/", "a/b"])
def test_an_output_without_an_ending_is_a_folder(denoise, here, output):
    assert denoise("in/a.png", "-o", output).stdout == f"{output.rstrip('/')}/a.png\n"


def test_inputs_that_are_not_there_are_said_first(denoise, here):
    done = denoise("in/a.png", "gone.png", "-o", "out")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[0] == "gone.png: there is no such file; the others are taken."
    assert pictures(here / "out") == ["a.png"]


def test_options_name_files_that_are_there(program, here):
    save_hole(here / "mask.png")
    for arguments, flag in (
        (("denoise", "in/a.png", "--reference", "gone.png"), "--reference"),
        (("inpaint", "in/a.png", "--mask", "gone.png"), "--mask"),
        (("deblur", "in/a.png", "--kernel", "gone.png"), "--kernel"),
        (("mri", "in/a.png", "-o", "o.h5", "--maps", "gone.png"), "--maps"),
        (("phase-retrieve", "in/a.png", "-o", "o.npz", "--dark", "gone.png"), "--dark"),
    ):
        assert sentence_of(program(*arguments)) == f"{flag} gone.png: there is no such file; check the path."


def test_a_path_that_may_not_be_looked_at_is_one_sentence(denoise, here, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("dipcli.batch.plan.find_inputs", lambda *given, **options: refuse("in/a.png"))
    assert "in/a.png: cannot be looked at, Permission denied" in sentence_of(denoise("in/a.png", "-o", "o.png"))


def test_a_name_that_is_not_utf8_is_kept_byte_by_byte(denoise, program, here):
    save_noisy(here / "x.png").rename(here / "in" / LATIN)
    done = denoise("-r", "in", "-o", "out")
    assert done.exit_code == 0, done.stderr
    assert os.fsencode(LATIN) in done.stdout_bytes
    assert denoise("-r", "in", "-o", "out", "--resume").stdout == ""
    assert r"caf\xe9.png  done" in program("status", "out").stdout


def test_names_do_not_control_the_terminal(denoise, here):
    name = "e\x1b]0;owned\a.png"
    save_noisy(here / "x.png").rename(here / "in" / name)
    done = denoise("-r", "in", "-o", "out")
    assert (here / "out" / name).is_file()
    assert "\x1b" not in done.stdout + done.stderr
    assert r"e\x1b]0;owned\x07.png" in done.stdout


def test_two_processes_take_names_that_are_not_utf8(denoise, here):
    save_noisy(here / "x.png").rename(here / "in" / LATIN)
    done = denoise("-r", "in", "-o", "out", "--jobs", "2", *QUICK[2:])
    assert done.exit_code == 0, done.stderr
    assert len(pictures(here / "out")) == 3
