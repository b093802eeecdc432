"""A file that the page no longer shows can still be fetched for a while, and not for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.scriptrunner_utils.script_run_context import SCRIPT_RUN_CONTEXT_ATTR_NAME

from planning.ui.media_shelf import MediaShelf

MIME = "application/octet-stream"


@pytest.fixture
def manager():
    return MediaFileManager(MemoryMediaFileStorage("/media"))


def shown(page, manager, data: bytes) -> str:
    """Add a file as a page does."""
    return page.submit(manager.add, data, MIME, f"place-{data!r}").result()


def is_there(manager, address: str) -> bool:
    return manager.read_file(address.rsplit("/", 1)[-1].split(".")[0]) is not None


def move_on(manager) -> None:
    """Do what Streamlit does when a page is drawn anew without the files."""
    manager.clear_session_refs("s1")
    manager.remove_orphaned_files()


@pytest.fixture
def page():
    """Give a thread that adds files in the name of a session, as a script does."""
    session = SimpleNamespace(session_id="s1")
    thread = ThreadPoolExecutor(
        1, initializer=lambda: setattr(threading.current_thread(), SCRIPT_RUN_CONTEXT_ATTR_NAME, session)
    )
    yield thread
    thread.shutdown()


def test_kept_file_outlives_its_page_and_another_does_not(page, manager):
    shelf = MediaShelf()
    kept, left = shown(page, manager, b"kept"), shown(page, manager, b"left")
    shelf.keep(manager, b"kept", MIME)
    move_on(manager)
    assert is_there(manager, kept)
    assert not is_there(manager, left)


def test_oldest_makes_room_and_what_is_asked_for_again_stays(page, manager):
    shelf = MediaShelf(room=2)
    addresses = {}
    for data in (b"a", b"b", b"a", b"c"):
        addresses[data] = shown(page, manager, data)
        shelf.keep(manager, data, MIME)
    move_on(manager)
    assert [is_there(manager, addresses[data]) for data in (b"a", b"b", b"c")] == [True, False, True]
