"""The floors of DESIGN §2: a file imports only from lower floors, or from its own room."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dipcli

PACKAGE = Path(dipcli.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {
    **dict.fromkeys(["__init__", "errors", "options"], 0),
    **dict.fromkeys(["problem", "fidelities", "penalties", "symmetries", "metrics", "fourier", "grid"], 1),
    **dict.fromkeys(["priors", "classical", "io"], 2),
    "engine": 3,
    "report": 4,
    "pipeline": 5,
    **dict.fromkeys(["pictures", "blur", "mri", "diffraction", "tomography", "sound", "series", "batch"], 6),
    **dict.fromkeys(["cli", "python"], 7),
    "__main__": 8,
}
WINGS = {"pictures", "blur", "mri", "diffraction", "tomography", "sound", "series"}
# What the command line needs of a wing, without loading torch.
GROUND = {"options", "presets", "naming"}
# Wings do not know each other; a blurred picture is a picture.
STANDS_ON = {("blur", "pictures")}
DEVICE_FREE = [PACKAGE / "engine" / f"{name}.py" for name in ("descent", "solve", "stopping", "averaging")]

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def imported(path):
    """Every absolute module name that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            yield node.module


def place(module):
    """The room of a module: the file or folder just below the package; a wing's options are rooms of their own."""
    parts = [*module.split("."), "__init__"]
    return "options" if parts[1] in WINGS and parts[2] in GROUND else parts[1]


def may_import(own, other):
    """Files on one floor, beside the folders, share a room; folders on one floor do not know each other."""
    share_a_room = own == other or (FLOORS[own] == FLOORS[other] and FLOORS[own] < 2)
    return share_a_room or FLOORS[other] < FLOORS[own] or (own, other) in STANDS_ON


def module_of(path):
    return ".".join(["dipcli", *path.relative_to(PACKAGE).with_suffix("").parts])


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def calls(path):
    return [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def assert_loads_no_torch(code):
    script = f"{code}\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@every_file
def test_files_import_from_lower_floors_only(path):
    own = place(module_of(path))
    for module in imported(path):
        if module.split(".")[0] == "dipcli":
            assert may_import(own, place(module)), f"{own} must not import {module}"


@pytest.mark.parametrize("path", [p for p in FILES if FLOORS[place(module_of(p))] == 0], ids=lambda p: p.name)
def test_the_ground_floor_needs_the_standard_library_only(path):
    strangers = {module.split(".")[0] for module in imported(path)} - sys.stdlib_module_names - {"dipcli"}
    assert not strangers


@every_file
def test_no_type_checking_blocks(path):
    assert "TYPE_CHECKING" not in path.read_text("utf-8")


@every_file
def test_no_file_is_over_300_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) not in {"cli", "report"}], ids=lambda p: p.name)
def test_nothing_below_the_program_prints(path):
    assert not [func for func in calls(path) if isinstance(func, ast.Name) and func.id == "print"]


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) not in {"cli", "report"}], ids=lambda p: p.name)
def test_nothing_below_the_program_knows_typer(path):
    assert "typer" not in set(imported(path))


def test_no_imports_run_in_a_circle():
    own = {module_of(path).removesuffix(".__init__"): path for path in FILES}
    arrows = {name: {found for found in imported(path) if found in own} for name, path in own.items()}
    while leaves := {name for name, found in arrows.items() if not found & arrows.keys()}:
        arrows = {name: found for name, found in arrows.items() if name not in leaves}
    assert not arrows


@pytest.mark.parametrize("room", sorted({path.parent for path in FILES}), ids=lambda room: room.name)
def test_every_room_says_what_it_is(room):
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))


@pytest.mark.parametrize("path", DEVICE_FREE, ids=lambda path: path.name)
def test_the_loop_never_moves_a_tensor_to_another_device(path):
    assert not [f.attr for f in calls(path) if isinstance(f, ast.Attribute) and f.attr in {"cuda", "cpu"}]


def test_importing_the_program_loads_no_torch():
    assert_loads_no_torch("import sys, dipcli.cli.app")


@pytest.mark.parametrize("arguments", [["--help"], ["denoise", "--help"]], ids=" ".join)
def test_help_loads_no_torch(arguments):
    assert_loads_no_torch(
        f"import sys\nsys.argv = ['dipcli', *{arguments}]\nfrom dipcli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as left:\n    assert not left.code"
    )
