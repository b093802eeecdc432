"""Jobs: shared by sessions, called off by the last one who waits, and long ones never in the way of short ones."""

import threading

import pytest

from planning.errors import ConfigError, msg
from planning.ui.jobs import Jobs


@pytest.fixture
def jobs():
    return Jobs(workers=1, long_workers=1)


class Work:
    """Work that goes on until it may end, or is told to stop."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self, tell, cancel):
        self.times += 1
        self.begun.set()
        tell(0.5, msg("Looking for the best places"), "half")
        while not (self.may_end.wait(0.005) or cancel.is_set()):
            pass
        return "stopped" if cancel.is_set() else "ended"


def test_same_key_is_worked_on_once(jobs):
    work = Work()
    first = jobs.start("k", work, who="a")
    assert jobs.start("k", work, who="b") is first
    work.may_end.set()
    assert first.future.result(10) == "ended"
    assert jobs.start("k", work, who="c") is first
    assert work.times == 1


def test_what_one_session_calls_off_goes_on_for_the_other(jobs):
    work = Work()
    job = jobs.start("k", work, who="a")
    jobs.start("k", work, who="b")
    assert work.begun.wait(10)
    job.leave("a")
    assert not job.cancel.is_set()
    assert job.others("b") == 0
    job.leave("b")
    assert job.cancel.is_set()
    assert job.future.result(10) == "stopped"


def test_it_stops_when_everybody_is_content(jobs):
    work = Work()
    job = jobs.start("k", work, who="a")
    jobs.start("k", work, who="b")
    job.enough("a")
    assert not job.cancel.is_set()
    assert job.others("a") == 1
    assert job.others("b") == 0
    job.enough("stranger")
    assert not job.cancel.is_set()
    job.enough("b")
    assert job.future.result(10) == "stopped"


def test_whoever_comes_back_is_no_longer_content(jobs):
    work = Work()
    job = jobs.start("k", work, who="a")
    jobs.start("k", work, who="b")
    job.enough("a")
    jobs.start("k", work, who="a")
    job.enough("b")
    assert not job.cancel.is_set()
    work.may_end.set()
    assert job.future.result(10) == "ended"


def test_called_off_in_the_queue_it_never_begins(jobs):
    first, second = Work(), Work()
    running = jobs.start("first", first, who="a", long=True)
    assert first.begun.wait(10)
    queued = jobs.start("second", second, who="a", long=True)
    assert queued.waiting
    queued.leave("a")
    assert queued.done
    assert "called off" in str(queued.error)
    first.may_end.set()
    assert running.future.result(10) == "ended"
    assert second.times == 0


def test_called_off_and_asked_again_it_is_worked_on_anew(jobs):
    work = Work()
    before = jobs.start("k", work, who="a", long=True)
    assert work.begun.wait(10)
    before.leave("a")
    again = jobs.start("k", work, who="a", again=True, long=True)
    assert again is not before
    work.may_end.set()
    assert before.future.result(10) in {"stopped", "ended"}
    assert again.future.result(10) == "ended"


def test_long_work_is_not_in_the_way_of_short_work(jobs):
    long = Work()
    jobs.start("long", long, who="a", long=True)
    assert long.begun.wait(10)
    assert jobs.start("short", lambda tell, cancel: 7).future.result(10) == 7
    long.may_end.set()


def test_what_is_told_is_there_to_be_shown(jobs):
    work = Work()
    job = jobs.start("k", work)
    assert work.begun.wait(10)
    work.may_end.set()
    job.future.result(10)
    assert (job.share, str(job.doing), job.step) == (0.5, "Looking for the best places", "half")
    job.tell(7, msg("Starting…"))
    assert (job.share, job.step) == (1.0, None)


def test_errors_are_in_words_and_failed_work_can_be_tried_again(jobs, caplog):
    def refuse(tell, cancel):
        raise ConfigError(msg("no"))

    job = jobs.start("k", refuse)
    with pytest.raises(ConfigError):
        job.future.result(10)
    assert isinstance(job.error, ConfigError)
    assert jobs.start("k", Work()) is job
    assert jobs.start("k", lambda tell, cancel: 1, again=True).future.result(10) == 1
    broken = jobs.start("b", lambda tell, cancel: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        broken.future.result(10)
    assert "ZeroDivisionError" in str(broken.error)


def test_old_jobs_are_forgotten_but_never_one_under_way():
    jobs = Jobs(workers=1, long_workers=1, keep=2)
    work = Work()
    jobs.start("under way", work, long=True)
    for number in range(5):
        jobs.start(str(number), lambda tell, cancel: 0).future.result(10)
    assert jobs.get("0") is None
    assert jobs.get("under way") is not None
    work.may_end.set()


def test_what_looks_like_an_address_is_no_link_in_a_progress_text():
    from planning.ui.words import plain

    said = plain("Working out ![s](http://x.invalid/s.png) www.x.org a@b.cn <b>")
    assert "http\\:\u2060//" in said
    assert "www\u2060\\.x" in said
    assert "a@\u2060b" in said
    assert "\\<b\\>" in said
    assert plain("12 \u00b7 \u5b66\u6821") == "12 \u00b7 \u5b66\u6821"
