"""The files of a comparison, made when they are asked for."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import streamlit as st

from planning.i18n import Translator
from planning.report.comparison_tables import comparison_tables, sheet_names
from planning.report.tables import write_workbook
from planning.ui import shell
from planning.ui.comparing.work import Compared

__all__ = ["files"]

_BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def files(found: Compared, t: Translator) -> None:
    """Offer the workbook, and everything in one archive."""
    name = found.plans[0].county.project.name
    shell.section(t("Take it along"))
    st.download_button(
        t("Workbook (Excel)"), data=lambda: workbook(found, t), file_name=f"{name}-{t('comparison')}.xlsx", mime=_BOOK,
        icon=":material/download:", on_click="ignore", key="compare-xlsx", width="stretch",
    )  # fmt: skip
    st.download_button(
        t("All files: page, workbook, CSV (.zip)"), data=lambda: archive(found, t),
        file_name=f"{name}-{t('comparison')}.zip", mime="application/zip", icon=":material/folder_zip:", on_click="ignore",
        key="compare-zip", width="stretch",
    )  # fmt: skip


def workbook(found: Compared, t: Translator) -> bytes:
    """Write all tables but that of single places as one workbook."""
    shown = comparison_tables(found.comparison, found.plans[0].county.pack, t)
    named = sheet_names(t)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.xlsx"
        return write_workbook({named[name]: shown[name] for name in named}, path, t).read_bytes()


def archive(found: Compared, t: Translator) -> bytes:
    """Write the files that the command line writes, and pack them."""
    from planning.report.comparison_files import write_comparison

    stream = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for path in write_comparison(found.comparison, found.plans, Path(folder), t=t):
            packed.write(path, path.name)
    return stream.getvalue()
