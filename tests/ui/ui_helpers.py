"""What the tests of the app share: its pages, a county opened, the words on a page."""

from __future__ import annotations

import re
import time
from concurrent.futures import Future

from small_county import small_county

from planning.ui.navigation import NAMES

#: The pages about a county; the list of projects is about none, and has tests of its own.
PAGES = {name: f"planning/ui/pages/{name}.py" for name in NAMES if name != "projects"}


def done(value) -> Future:
    """Give a future that is over, as a workspace holds the answers of a finished run."""
    future: Future = Future()
    future.set_result(value)
    return future


def make_workspace(key: str = "test", **options):
    from planning.report.maps import build_assets
    from planning.scenario.evaluate import evaluate
    from planning.ui.workspace import Workspace

    county = small_county(**options)
    base = {stage: evaluate(county, stage) for stage in county.project.stages}
    return Workspace(key, county, base, build_assets(county))


def text_of(app) -> str:
    """Gather everything a page says."""
    parts = [element.proto.body for element in app.get("html")]
    for kind in ("button", "selectbox", "number_input", "caption", "markdown", "button_group", "toggle"):
        for element in app.get(kind):
            proto = element.proto
            parts += [str(getattr(proto, name, "")) for name in ("label", "body", "help", "placeholder")]
            parts += [str(getattr(option, "content", option)) for option in getattr(proto, "options", ())]
    bare = re.sub(r"<style.*?</style>", " ", "\n".join(parts), flags=re.S)
    return re.sub(r"<[^>]*>", " ", bare)


def wait_until(condition, seconds: float = 30.0) -> None:
    """Wait for a job."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def settle(app):
    """Let every job that the page waits for end, and draw the page anew."""
    from planning.ui import state

    for _ in range(4):
        waiting = [job for job in list(state.jobs()._jobs.values()) if not job.done]
        if not waiting:
            break
        wait_until(lambda waiting=waiting: all(job.done for job in waiting), 60)
        app.run()
    return app
