"""The app on a small county, without a browser."""

from __future__ import annotations

import pytest
from ui_helpers import PAGES, done, make_workspace, settle


@pytest.fixture(scope="session")
def workspace():
    """Give the small county, opened."""
    return make_workspace()


@pytest.fixture(autouse=True)
def scenario_store(tmp_path, monkeypatch):
    """Let scenarios rest in a folder of the test's own."""
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(scope="session")
def demo_workspace(demo_folder):
    """Give the county that ships, opened, with its question about boarding answered."""
    import dataclasses

    from planning.scenario.questions import answer
    from planning.ui.workspace import Source, open_workspace

    opened = open_workspace(Source(demo_folder / "project.yaml"), "demo", lambda share, doing: None)
    asked = next(question for question in opened.county.project.questions if question.model == "boarding")
    return dataclasses.replace(opened, reading=done((answer(opened.county, asked),)))


@pytest.fixture
def open_app(workspace, root, monkeypatch, tmp_path):
    """Start the app in a language, on the small county or another one."""
    from streamlit.testing.v1 import AppTest

    from planning.ui import shell, state, warming
    from planning.ui.workspace import Source

    monkeypatch.setattr(warming, "start", lambda: None)  # a thread that imports would change warnings under our feet
    monkeypatch.setattr(Source, "key", lambda self: opened.key)
    monkeypatch.setattr(shell, "open_workspace", lambda source, key, tell: opened)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    opened = workspace

    def start(language: str = "zh", page: str = "county", *, on=None):
        nonlocal opened
        opened = on or workspace
        state.jobs.clear()
        shell_key = f"open-{opened.key}"
        state.jobs().start(shell_key, lambda tell, cancel: opened).future.result(30)
        app = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        app.query_params["lang"] = language
        app.run()
        if page != "county":
            settle(app.switch_page(PAGES[page]).run())
        return app

    return start
