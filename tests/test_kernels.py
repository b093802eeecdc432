"""Where compiled kernels lie: kept for the next process, never stale, never someone else's, and never needed to begin."""

import logging
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import numba
import pytest

from planning import access, kernels
from planning.access.transport import settle

HALF = """
from planning.kernels import kernel
@kernel(inline="always")
def half(x):
    return x / 2
"""
AREA = """
from planning.kernels import kernel
from planning.half import half
@kernel
def area(width, height):
    return half(width * height)
"""
ASK = """
import sys, numba
from planning.area import area
from planning.kernels import is_cold
cold = is_cold()
print(area(3.0, 4.0), sum(area.stats.cache_hits.values()), sum(area.stats.cache_misses.values()), cold, is_cold())
print(area.stats.cache_path)
print(repr(numba.config.CACHE_DIR))
"""


@pytest.fixture
def package(root, tmp_path):
    """Make a package like ours with two small kernels, one inlined in the other, into which no bytecode can be written."""
    folder = tmp_path / "install" / "planning"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "kernels.py"):
        shutil.copy(root / "planning" / name, folder)
    (folder / "half.py").write_text(HALF)
    (folder / "area.py").write_text(AREA)
    (folder / "__pycache__").write_text("a file: numba's first choice cannot be written, whoever asks")
    return folder


def ask(package, **environment):
    """Start a process that calls a kernel of the package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "XDG_", "PYTHON"))}
    return subprocess.Popen(
        [sys.executable, "-c", ASK],
        cwd=package.parent,
        env={**kept, "PYTHONPATH": str(package.parent), **{name: str(value) for name, value in environment.items()}},
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(process):
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    said, path, config = out.splitlines()
    value, hits, misses, cold_before, cold_after = said.split()
    return float(value), int(hits), int(misses), (cold_before, cold_after), Path(path), config


def test_second_process_loads_and_a_change_elsewhere_is_seen(package, tmp_path):
    home = {"HOME": tmp_path, "XDG_CACHE_HOME": tmp_path / "cache"}
    before = sorted(package.rglob("*"))

    assert answer(ask(package, **home))[:4] == (6.0, 0, 1, ("True", "False"))
    value, hits, misses, cold, path, config = answer(ask(package, **home))
    assert (value, hits, misses, cold) == (6.0, 1, 0, ("False", "False"))
    assert path.is_relative_to(tmp_path / "cache" / "school-layout-planner")
    assert path.parent.name.startswith("kernels-")
    assert config == "''"  # other packages keep numba's own choice
    assert sorted(package.rglob("*")) == before

    # numba itself would go on with the old code: the file of the kernel that is called is as it was
    (package / "half.py").write_text(HALF.replace("x / 2", "x / 4"))
    value, hits, misses, cold, later, _ = answer(ask(package, **home))
    assert (value, hits, misses, cold) == (3.0, 0, 1, ("True", "False"))
    assert later.parent != path.parent


def test_named_folder_is_used(package, tmp_path):
    *_, path, config = answer(ask(package, NUMBA_CACHE_DIR=tmp_path / "named"))
    assert path.parent.parent == tmp_path / "named"
    assert config == repr(str(tmp_path / "named"))


def test_home_that_cannot_be_written(package, tmp_path):
    (tmp_path / "home").write_text("a file: nobody can write into it, root included")
    (tmp_path / "tmp").mkdir()
    home = {"HOME": tmp_path / "home", "XDG_CACHE_HOME": tmp_path / "home" / "cache", "TMPDIR": tmp_path / "tmp"}
    assert answer(ask(package, **home))[:3] == (6.0, 0, 1)
    value, hits, misses, _, path, _ = answer(ask(package, **home))
    assert (value, hits, misses) == (6.0, 1, 0)
    (own,) = (tmp_path / "tmp").iterdir()
    assert path.is_relative_to(own)
    assert stat.S_IMODE(own.stat().st_mode) == 0o700


def test_two_processes_begin_at_once(package, tmp_path):
    home = {"HOME": tmp_path, "XDG_CACHE_HOME": tmp_path / "cache"}
    both = [ask(package, **home) for _ in range(2)]
    assert [answer(process)[0] for process in both] == [6.0, 6.0]
    assert answer(ask(package, **home))[:3] == (6.0, 1, 0)


def test_digest_is_of_all_sources_with_kernels(package):
    first = kernels.digest(package)
    assert first == kernels.digest(package)
    (package / "other.py").write_text("x = 1")
    assert kernels.digest(package) == first
    (package / "deep").mkdir()
    (package / "deep" / "more.py").write_text(HALF)
    second = kernels.digest(package)
    assert second != first
    (package / "deep" / "more.py").rename(package / "more.py")
    assert kernels.digest(package) not in (first, second)


def test_digest_is_of_one_copy(package, tmp_path):
    shutil.copytree(package, tmp_path / "copy")
    assert kernels.digest(tmp_path / "copy") != kernels.digest(package)


def test_digest_is_of_numba_too(package, monkeypatch):
    first = kernels.digest(package)
    monkeypatch.setattr(numba, "__version__", "0.0.1")
    assert kernels.digest(package) != first


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Let the user's caches and the temporary files lie in folders of this test."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(kernels.platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "user")
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path


def find():
    """Choose the folder anew."""
    return kernels.cache_folder.__wrapped__()


posix = pytest.mark.skipif(sys.platform == "win32", reason="rights are other things there")


def test_folder_is_named_and_stays(places):
    folder = find()
    assert folder == places / "user" / f"kernels-{kernels.digest()}"
    assert find() == folder


@posix
@pytest.mark.parametrize("spoil", [lambda p: p.chmod(0o777), lambda p: p.chmod(0o720)])
def test_folder_open_to_others_is_not_trusted(places, spoil):
    spoil(find())
    assert find().is_relative_to(places / "tmp")


@posix
def test_folder_of_someone_else_is_not_trusted(places, monkeypatch):
    find()
    mine = os.geteuid()
    monkeypatch.setattr(kernels.os, "geteuid", lambda: mine + 1)
    # what is made now bears the real owner as well, so that nothing at all can be trusted
    assert find() is None


@posix
@pytest.mark.parametrize("how", ["link", "open", "file"])
def test_trap_among_temporary_files_is_not_entered(places, how, caplog):
    (places / "user").write_text("no folder")
    trap = places / "tmp" / f"school-layout-planner-{os.geteuid()}"
    if how == "link":
        (places / "elsewhere").mkdir(mode=0o700)
        trap.symlink_to(places / "elsewhere")
    elif how == "open":
        trap.mkdir()
        trap.chmod(0o777)
    else:
        trap.write_text("")
    assert find() is None
    assert "compiled again each time" in caplog.text


def test_user_without_a_home(places, monkeypatch):
    monkeypatch.setattr(kernels.platformdirs, "user_cache_path", lambda *_, **__: Path("~/.cache"))
    assert find().is_relative_to(places / "tmp")


def test_without_any_folder_kernels_still_run(monkeypatch):
    monkeypatch.setattr(kernels, "cache_folder", lambda: None)

    @kernels.kernel
    def twice(x):
        return 2 * x

    assert twice(21) == 42
    assert twice.stats.cache_path is None
    assert kernels.is_cold()


def test_old_folders_go_when_a_new_one_is_made(places):
    base = places / "user"
    names = {"old": "kernels-" + 16 * "a", "young": "kernels-" + 16 * "b", "named": "kernels-of-mine", "other": "x"}
    for name in names.values():
        (base / name / "deep").mkdir(parents=True)
    (base / "elsewhere").mkdir()
    link = base / ("kernels-" + 16 * "c")
    link.symlink_to(base / "elsewhere")
    long_ago, not_long_ago = time.time() - 61 * 86400, time.time() - 59 * 86400
    for name in names.values():
        os.utime(base / name, (long_ago, long_ago))
    os.utime(link, (long_ago, long_ago), follow_symlinks=False)
    os.utime(base / names["young"], (not_long_ago, not_long_ago))

    folder = find()
    assert {path.name for path in base.iterdir()} == {
        folder.name, link.name, "elsewhere", names["young"], names["named"], names["other"],
    }  # fmt: skip

    os.utime(base / names["young"], (long_ago, long_ago))
    os.utime(folder, (long_ago, long_ago))
    find()
    assert (base / names["young"]).exists()  # nothing new, nothing cleared
    assert folder.stat().st_mtime > not_long_ago  # in use


def test_decorating_leaves_numba_as_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def nothing():
        return 0

    kernels.kernel(nothing)
    with pytest.raises(TypeError):
        kernels.kernel(3)
    assert str(tmp_path) == numba.config.CACHE_DIR


def test_kernels_free_the_interpreter():
    assert settle.targetoptions["nogil"] is True


def test_warm_compiles_all_that_allocate_needs(caplog):
    caplog.set_level(logging.WARNING)
    access.warm()
    ready = list(settle.signatures)
    assert ready
    access.allocate([[1, 5, float("inf")], [2, 3, 4]], pupils=[10, 10], seats=[10, 3, float("inf")])
    assert settle.signatures == ready
    assert caplog.text == ""


@pytest.mark.parametrize(
    "module", ["planning", "travel", "access", "siting", "scenario", "report", "cli", "ui.state", "ui.warming"]
)
def test_import_asks_for_no_numba(module):
    name = module if module == "planning" else f"planning.{module}"
    code = f"import sys, {name}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
