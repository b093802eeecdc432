"""Every command and every Python block of the documents is run, in order, in a folder of its own; names and links hold."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fenced_blocks import blocks_of

from planning.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "data" / "demo" / "README.md",
]
#: Documents whose blocks are run from the first to the last, in one folder.
RUN = ("docs/analyst.md", "docs/extending.md", "docs/guide/zh.md", "docs/guide/en.md")
#: Blocks of the other documents, by what they hold, and why they are not run here.
ELSEWHERE = {
    "README.md": "install, serve or test: .ci/run and the browser tests do so; the imports are run below",
    "docs/developing.md": "collects words: the catalogue's test does so",
    "docs/serving.md": "serves until stopped: tests/e2e/test_proxy.py does so",
    "docs/travel.md": "a list of calls, each run by tests/travel",
}
COMMANDS = {command.name for command in app.registered_commands}


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Give an empty folder in which the program, the demo and the templates are found as in the checkout."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    programs = tmp_path / ".programs"
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    return tmp_path


def run_shell(text: str, where: str) -> None:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, f"{where}: {done.stderr[-2000:]}"


@pytest.mark.parametrize("name", [name for name in RUN if (ROOT / name).exists()])
def test_every_block_runs(name, desk):
    names: dict[str, object] = {}
    for block in blocks_of(ROOT / name):
        where = f"{name}:{block.line}"
        if block.not_run or (block.needs and block.needs not in COMMANDS):
            continue
        if block.language == "sh":
            run_shell(block.text, where)
        elif block.language == "python":
            exec(compile("\n" * block.line + block.text, name, "exec"), names)  # noqa: S102 - our own documents
    for file in set(re.findall(r"`((?:results|again|own|part)/[^`*]+)`", (ROOT / name).read_text(encoding="utf-8"))):
        assert (desk / file).exists(), f"{name} names {file}, which no command has made"


def test_imports_of_the_readme_hold():
    for block in blocks_of(ROOT / "README.md"):
        if block.language == "python":
            exec(compile(block.text, "README.md", "exec"), {})  # noqa: S102 - our own document


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_command_is_left_untold(document):
    """A block that is not run says why, above it or in the list of this test."""
    name = name_of(document)
    for block in blocks_of(document):
        if block.language in ("sh", "python") and name not in RUN:
            assert name in ELSEWHERE or block.not_run, f"{name}:{block.line} is run by nothing"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands_that_are_named_exist(document):
    named = re.findall(r"python -m planning ([a-z]+)", document.read_text(encoding="utf-8"))
    later = {block.needs for block in blocks_of(document)}
    assert set(named) <= COMMANDS | later


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_modules_that_are_named_exist(document):
    for module in set(re.findall(r"`(planning(?:\.[a-z_]+)+)", document.read_text(encoding="utf-8"))):
        assert is_there(module), f"{name_of(document)} names {module}"
    for path in set(re.findall(r"`(planning/[\w/]+(?:\.\w+)?/?)`", document.read_text(encoding="utf-8"))):
        assert (ROOT / path).exists(), f"{name_of(document)} names {path}"


def is_there(module: str) -> bool:
    """Say whether it is a module, or a name in one."""
    parent, _, last = module.rpartition(".")
    try:
        if importlib.util.find_spec(module) is not None:
            return True
    except ModuleNotFoundError:
        pass
    return importlib.util.find_spec(parent) is not None and hasattr(importlib.import_module(parent), last)


def headings(text: str) -> set[str]:
    """Give the anchors under which a document's headings are reached."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_and_pictures_hold(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), f"{name_of(document)} links to {target}"
        if anchor:
            assert anchor in headings(file.read_text(encoding="utf-8")), f"{name_of(document)} links to {target}"


def test_both_guides_have_the_same_chapters_and_pictures():
    text = {language: (ROOT / f"docs/guide/{language}.md").read_text(encoding="utf-8") for language in ("zh", "en")}
    numbers = {language: re.findall(r"^## (\d+)", said, re.MULTILINE) for language, said in text.items()}
    assert numbers["zh"] == numbers["en"]
    assert numbers["zh"] == [str(n + 1) for n in range(len(numbers["zh"]))]
    pictures = {
        language: re.findall(rf"images/guide/{language}/([\w-]+\.png)", said) for language, said in text.items()
    }
    assert pictures["zh"] == pictures["en"]
    for language, shown in pictures.items():
        there = {file.name for file in (ROOT / "docs/images/guide" / language).glob("*.png")}
        assert set(shown) == there, "every picture is shown, and every shown one is there"
