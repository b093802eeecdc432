"""A font for the paper: the best one on this machine that has Chinese, or words that say how to get one; never boxes."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

from planning.errors import PlanningError, msg

if TYPE_CHECKING:
    import typst

__all__ = ["FontError", "Typeface", "choose_typeface", "find_typeface", "lacking"]

#: Families in the order in which they are taken; any other one that has Chinese comes after them.
PREFERRED = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC", "Microsoft YaHei", "PingFang SC",
    "Hiragino Sans GB", "HarmonyOS Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "DengXian", "Heiti SC",
    "Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "SimSun", "NSimSun", "FangSong", "KaiTi", "Songti SC",
    "AR PL UMing CN", "AR PL UKai CN",
)  # fmt: skip
#: A font of simplified Chinese has all of these: the characters for school, village, county and for a distance.
_SAMPLE = "".join(map(chr, (0x5B66, 0x6821, 0x6751, 0x53BF, 0x8DDD)))
#: What no font has; its picture is the box.
_NOWHERE = "\U0010fffd"
#: Environment variable that names a font file or a folder of fonts.
VARIABLE = "PLANNING_FONT"


class FontError(PlanningError, LookupError):
    """No font on this machine can print what must be printed."""


@dataclass(frozen=True)
class Typeface:
    """
    A family that has Chinese, and where it was found.

    Parameters
    ----------
    family : str
        Its name.
    file : pathlib.Path
        File of its regular style.
    index : int
        Place of that style in the file.
    folder : pathlib.Path or None
        The only folder to look for fonts in; None for those of the system.
    """

    family: str
    file: Path
    index: int
    folder: Path | None = None

    def load(self) -> typst.Fonts:
        """
        Read the fonts among which the family is.

        Returns
        -------
        typst.Fonts
            Read once in a process.
        """
        return _fonts(self.folder)


@functools.cache
def _fonts(folder: Path | None) -> typst.Fonts:
    import typst

    return typst.Fonts(
        include_system_fonts=folder is None,
        include_embedded_fonts=False,
        font_paths=[] if folder is None else [str(folder)],
    )


def find_typeface() -> Typeface:
    """
    Find a font that has Chinese.

    Returns
    -------
    Typeface
        The one that the environment variable ``PLANNING_FONT`` names (a file or a folder), else the best of the system.

    Raises
    ------
    FontError
        If there is none, or the variable names none; says what to install.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return _of_system()
    place = Path(named).expanduser()
    if not place.exists():
        raise FontError(
            msg("{variable} names {file}, which is not there. Name a font file or a folder of fonts with Chinese.",
                variable=VARIABLE, file=named)
        )  # fmt: skip
    return _of_place(place.resolve())


@functools.cache
def _of_system() -> Typeface:
    return choose_typeface(_fonts(None).fonts())


@functools.cache
def _of_place(place: Path) -> Typeface:
    folder = place if place.is_dir() else place.parent
    found = [font for font in _fonts(folder).fonts() if place.is_dir() or Path(font.path or "") == place]
    return choose_typeface(found, folder=folder)


def choose_typeface(fonts: Iterable[typst.FontInfo], *, folder: Path | None = None) -> Typeface:
    """
    Choose among fonts.

    Parameters
    ----------
    fonts : iterable of typst.FontInfo
        With family, style, weight, path and index.
    folder : pathlib.Path, optional
        Where they were found; the system's own places by default.

    Returns
    -------
    Typeface
        A family that has simplified Chinese, in a regular style.

    Raises
    ------
    FontError
        If none has Chinese.
    """
    regular = [font for font in fonts if font.path and font.style == "normal"]

    for font in sorted(regular, key=_rank):
        face = Typeface(font.family, Path(font.path or ""), font.index, folder)
        if not lacking(face, _SAMPLE):
            return face
    raise FontError(
        msg(
            "No font with Chinese was found, so that nothing can be printed. Install one (Debian, Ubuntu: apt install "
            "fonts-noto-cjk; Fedora: dnf install google-noto-sans-cjk-fonts; Windows and macOS bring one), or name a font "
            "file or a folder of fonts in the environment variable {variable}.",
            variable=VARIABLE,
        )
    )


def _rank(font: typst.FontInfo) -> tuple[int, int, str, int]:
    place = PREFERRED.index(font.family) if font.family in PREFERRED else len(PREFERRED)
    return place, abs(font.weight - 400), font.family, font.index


def lacking(face: Typeface, text: Iterable[str]) -> Sequence[str]:
    """
    List the characters that a font has not.

    Parameters
    ----------
    face : Typeface
        The font.
    text : iterable of str
        Characters to look for; blanks and line ends count as had.

    Returns
    -------
    sequence of str
        Those that would be printed as boxes, sorted.
    """
    known = _pictures(face)
    return sorted(sign for sign in set(text) if not sign.isspace() and not known(sign))


@functools.cache
def _pictures(face: Typeface) -> functools._lru_cache_wrapper[bool]:
    """Give a test of single characters: one whose picture is that of no character at all is not there."""
    try:
        font = ImageFont.truetype(str(face.file), 24, index=face.index)
    except OSError:  # a format that the drawing library does not read
        return functools.cache(lambda sign: False)
    box = bytes(font.getmask(_NOWHERE))

    @functools.cache
    def has(sign: str) -> bool:
        return bytes(font.getmask(sign)) != box

    return has
