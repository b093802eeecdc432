"""The Chinese catalogue: nothing missing, nothing stale, places kept, and no Chinese outside of it."""

from __future__ import annotations

import ast
import re
import string

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

HAN = re.compile("[\u3400-\u9fff]")
KEYWORDS = {"msg": None, "t": None}


def sentences(path):
    """Give the literal of every call of ``msg`` and ``t`` in a file; those inside f-strings as well, which Babel misses before Python 3.12."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in KEYWORDS and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


@pytest.fixture(scope="module")
def said(root):
    """Every sentence the program may say, with the file it stands in."""
    found = {
        text: f"{path.relative_to(root)}:{line}"
        for path in [root / "app.py", *sorted((root / "planning").rglob("*.py"))]
        for line, text in sentences(path)
    }
    pages = extract_from_dir(str(root / "planning"), [("**/templates/*.html", "jinja2")], keywords=KEYWORDS)
    return found | {text: f"{file}:{line}" for file, line, text, *_ in pages if isinstance(text, str)}


@pytest.fixture(scope="module")
def catalogue(root):
    with (root / "planning/i18n/zh/LC_MESSAGES/planning.po").open("rb") as stream:
        return {entry.id: entry for entry in read_po(stream, locale="zh_CN", abort_invalid=True) if entry.id}


def places(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_enough_is_said_to_be_worth_checking(said):
    assert len(said) > 300


def test_every_sentence_has_its_chinese(said, catalogue):
    missing = {text: where for text, where in said.items() if text not in catalogue or not catalogue[text].string}
    assert not missing


def test_no_sentence_is_kept_that_nobody_says(said, catalogue):
    assert not set(catalogue) - set(said)


def test_nothing_is_marked_as_doubtful(catalogue):
    assert not [entry.id for entry in catalogue.values() if entry.fuzzy]


def test_translations_keep_the_places(catalogue):
    assert not [entry.id for entry in catalogue.values() if places(entry.id) != places(entry.string)]


def literals(path):
    """Give every string of a file that is no docstring, with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.lineno, node.value


def test_there_is_no_chinese_in_code(root):
    # Names, headings and words of foreign tables live in YAML and in the catalogue.
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in sorted((root / "planning").rglob("*.py"))
        for line, text in literals(path)
        if HAN.search(text)
    ]
    assert not found
