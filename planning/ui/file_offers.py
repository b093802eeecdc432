"""Files that were made, offered for download: all in one archive, or one by one, the parts of a shapefile together."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from html import escape
from pathlib import PurePosixPath

import streamlit as st

from planning.i18n import Translator
from planning.ui import shell

__all__ = ["offer_files", "zipped"]

_MIME = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".html": "text/html",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".txt": "text/plain",
    ".zip": "application/zip",
}
_SHAPE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg", ".qml")


def offer_files(
    files: Mapping[str, bytes], archive: bytes, name: str, about: Callable[[str], str], t: Translator, *, key: str
) -> None:
    """
    Offer files.

    Parameters
    ----------
    files : mapping of str to bytes
        Contents by name; folders are divided by ``/``.
    archive : bytes
        All of them as a zip.
    name : str
        Of the archive, without its ending.
    about : callable
        Says in words what a file holds, by its name; "" where there is nothing to say.
    t : Translator
        The language.
    key : str
        Of the archive's button.
    """
    st.download_button(
        t("Download all files (.zip, {n} MB)", n=t.number(len(archive) / 1e6, 1)),
        archive,
        file_name=f"{name}.zip",
        mime="application/zip",
        type="primary",
        icon=":material/folder_zip:",
        on_click="ignore",
        key=key,
    )
    shell.section(t("Single files"))
    with st.container(border=True, key="pl-downloads"):
        for file, (shown, data) in _singly(files).items():
            text, button = st.columns([6, 1.2], vertical_alignment="center")
            text.html(
                f'<div class="pl-file"><b>{escape(shown)}</b><span>{escape(about(file))}</span>'
                f"<em>{escape(t('{n} kB', n=t.number(len(data) / 1e3, 1)))}</em></div>"
            )
            path = PurePosixPath(shown)
            button.download_button(
                t("Download"), data, file_name=path.name, key=f"download-{file}", width="stretch", on_click="ignore",
                mime=_MIME.get(path.suffix, "application/octet-stream"),
            )  # fmt: skip


def _singly(files: Mapping[str, bytes]) -> dict[str, tuple[str, bytes]]:
    """Give name and content of what is offered by itself; the parts of a shapefile are one file."""
    shapes = {file.removesuffix(".shp") for file in files if file.endswith(".shp")}
    found = {}
    for file, data in files.items():
        stem, _, ending = file.rpartition(".")
        if stem not in shapes or f".{ending}" not in _SHAPE_PARTS:
            found[file] = (file, data)
        elif ending == "shp":
            parts = (f"{stem}{part}" for part in _SHAPE_PARTS)
            found[file] = (f"{file}.zip", zipped({part: files[part] for part in parts if part in files}))
    return found


def zipped(files: Mapping[str, bytes]) -> bytes:
    """
    Put files into one archive.

    Parameters
    ----------
    files : mapping of str to bytes
        Contents by name.

    Returns
    -------
    bytes
        A zip.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()
