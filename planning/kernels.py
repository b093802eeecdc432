"""
The one home of numba's settings: :func:`kernel` compiles a function, and keeps the machine code for later processes.

Importing this module imports numba, which takes a second that ``import planning`` must not pay: write
``from planning.kernels import kernel`` only in modules that are themselves imported inside functions.

Machine code lies in the user's cache folder, so that an installation nobody may write to works as well. Its folder bears
a digest of every source of the package that uses kernels, and of numba's version: numba asks only whether the file of the
kernel it loads has changed, not that of another kernel it calls or inlines. A kernel must therefore take its constants
from files that use kernels too.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import math
import os
import shutil
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast, overload

import numba
import numpy as np
import platformdirs
from numpy.typing import DTypeLike, NDArray

__all__ = ["cache_folder", "digest", "is_cold", "kernel", "room"]

logger = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

_APP = "school-layout-planner"
_PACKAGE = Path(__file__).resolve().parent
_MARK = b"planning.kernels"  # stands in every file that uses kernels, this one included
_PAGE = 1 << 21  # bytes of a huge page
_SMALL = 1 << 17
_KEEP_DAYS = 60  # compiled code of other versions, unused for so long, goes
_config: Any = numba.config  # numba makes its names as it starts
_decorating = threading.Lock()


@overload
def kernel(function: F, /) -> F: ...  # numpydoc ignore=GL08


@overload
def kernel(**options: Any) -> Callable[[F], F]: ...  # numpydoc ignore=GL08


def kernel(function: F | None = None, /, **options: Any) -> F | Callable[[F], F]:
    """
    Compile a function to machine code at its first call, which frees the interpreter's lock while it runs.

    Parameters
    ----------
    function : callable
        What to compile; absent where the decorator is written with options.
    **options : object
        More of numba's options, such as ``inline="always"``.

    Returns
    -------
    callable
        The compiled function, or a decorator where only options were given.
    """
    return functools.partial(_compiled, options=options) if function is None else _compiled(function, options)


def _compiled(function: F, options: dict[str, Any]) -> F:
    """Decorate; numba picks the folder meanwhile, and what other packages compile must not land there."""
    folder = cache_folder()
    with _decorating:
        before = _config.CACHE_DIR
        _config.CACHE_DIR = str(folder or before)
        try:
            return cast("F", numba.njit(nogil=True, cache=folder is not None, **options)(function))
        finally:
            _config.CACHE_DIR = before


def room(*shape: int, dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """
    Make room for a large array that kernels fill or look up, on huge pages of memory.

    To touch small pages for the first time takes longer than many a kernel, and to find them later as long as the memory
    itself. Numpy asks for huge pages, in arrays of 4 MB and more, for those that lie wholly inside; so room is cut from a
    larger array, from the start of a huge page on. What is not touched takes no memory.

    Parameters
    ----------
    *shape : int
        Shape.
    dtype : numpy dtype
        Type of its elements.

    Returns
    -------
    numpy.ndarray of dtype
        Anything may stand in it.
    """
    of = np.dtype(dtype)
    needed = math.prod(shape) * of.itemsize
    if needed < _SMALL:
        return np.empty(shape, of)
    pages = -(-needed // _PAGE)
    whole = np.empty((max(pages, 2) + 1) * _PAGE, np.uint8)
    start = -whole.ctypes.data % _PAGE
    return whole[start : start + needed].view(of).reshape(shape)


def is_cold() -> bool:
    """
    Tell whether kernels have yet to be compiled on this machine.

    Returns
    -------
    bool
        True where nothing lies in the cache, or there is none.
    """
    folder = cache_folder()
    return folder is None or not any(folder.rglob("*.nbi"))


def digest(package: Path = _PACKAGE) -> str:
    """
    Condense what decides whether compiled code is still good.

    Parameters
    ----------
    package : pathlib.Path
        Folder of the sources.

    Returns
    -------
    str
        16 hexadecimal digits, the same for the same sources at the same place and the same numba.
    """
    # the place as well, for numba asks for it: code compiled for another copy of the package is of no use to this one
    found = hashlib.sha256(f"{numba.__version__}\0{package}".encode())
    for file in sorted(package.rglob("*.py")):
        source = file.read_bytes()
        if _MARK in source:
            found.update(f"\0{file.relative_to(package).as_posix()}\0{len(source)}\0".encode())
            found.update(source)
    return found.hexdigest()[:16]


@functools.cache
def cache_folder() -> Path | None:
    """
    Give the folder of compiled code, made where it is not there, and clear away what older versions left.

    The first that can be written of: ``NUMBA_CACHE_DIR`` where it is set, otherwise the user's cache folder; a folder of
    this user's among the temporary files.

    Returns
    -------
    pathlib.Path or None
        None where no folder can be had: kernels are then compiled again in every process.
    """
    name = f"kernels-{digest()}"
    for base in (_kept, _temporary):
        try:
            folder = base() / name
            _open(folder)
        except OSError as error:
            logger.info("no compiled code can be kept there: %s", error)
        else:
            return folder
    logger.warning("no folder can be written for compiled code: it is compiled again each time")
    return None


def _kept() -> Path:
    """Give the folder that the user named for numba, or the platform's own for the caches of programs."""
    if _config.CACHE_DIR:
        return Path(_config.CACHE_DIR).absolute()
    folder = platformdirs.user_cache_path(_APP, appauthor=False)
    if not folder.is_absolute():  # a user without a home: "~" stands for nothing
        raise FileNotFoundError(f"{folder}: the user has no home")
    return folder


def _temporary() -> Path:
    """Give a folder among the temporary files; anyone may have made it before, so it must be proven to be ours."""
    user = "" if sys.platform == "win32" else f"-{os.geteuid()}"
    folder = Path(tempfile.gettempdir()).absolute() / f"{_APP}{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    _check_ours(folder)
    return folder


def _open(folder: Path) -> None:
    """Make the folder, or take note that it is in use; raise an OSError where it cannot be written or is not ours."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _check_ours(folder)
        os.utime(folder)
    else:
        _clear_old(folder)
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"room")


def _check_ours(folder: Path) -> None:
    """Refuse a folder in which someone else could lay code that we would run."""
    if sys.platform == "win32":  # caches and temporary files stand in the user's profile
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder}: others may write there")


def _clear_old(folder: Path) -> None:
    """Remove the folders of other versions that nobody used for long."""
    limit = time.time() - _KEEP_DAYS * 24 * 3600
    for old in folder.parent.glob("kernels-" + 16 * "[0-9a-f]"):
        with contextlib.suppress(FileNotFoundError):  # another process may clear at the same time
            found = old.lstat()
            if old != folder and stat.S_ISDIR(found.st_mode) and found.st_mtime < limit:
                shutil.rmtree(old, ignore_errors=True)
