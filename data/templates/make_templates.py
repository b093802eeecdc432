"""Make the template tables that a bureau fills in, out of templates.yaml: python data/templates/make_templates.py."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

FOLDER = Path(__file__).parent
_ROWS = 2000


def make_template(path: Path, columns: list[list[Any]], content: dict[str, Any]) -> None:
    """
    Write one workbook: a sheet to fill in, a sheet that explains it.

    Parameters
    ----------
    path : pathlib.Path
        The .xlsx to write.
    columns : list
        Heading, our column, required, explanation in Chinese and English, and the words to choose from, if any.
    content : dict
        The whole of ``templates.yaml``.
    """
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        # A fixed day: the same input makes the same file.
        book.set_properties({"created": dt.datetime(2026, 1, 1)})
        bold = {"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True, "valign": "vcenter"}
        head, must = book.add_format(bold), book.add_format(bold | {"bg_color": "#FCE4D6"})
        wrap, text = book.add_format({"text_wrap": True, "valign": "top"}), book.add_format({"num_format": "@"})
        data = book.add_worksheet(content["sheets"]["data"])
        notes = book.add_worksheet(content["sheets"]["help"])
        data.freeze_panes(1, 0)
        for i, (heading, ours, required, _, _, *choices) in enumerate(columns):
            # A code is text: Excel would cut its leading zeros.
            data.set_column(i, i, 14, text if ours.endswith("_id") else None)
            data.write_string(0, i, heading, must if required else head)
            if choices:
                data.data_validation(
                    1, i, _ROWS, i, {"validate": "list", "source": choices[0], "error_type": "warning"}
                )
        for i, width in enumerate((18, 16, 60, 60)):
            notes.set_column(i, i, width)
            notes.write_string(0, i, content["help_headings"][i], head)
        for row, (heading, _, required, chinese, english, *_) in enumerate(columns, start=1):
            for i, cell in enumerate((heading, content["required"][required], chinese, english)):
                notes.write_string(row, i, cell, wrap)
        for row, (chinese, english) in enumerate(content["general"], start=len(columns) + 2):
            notes.write_string(row, 2, chinese, wrap)
            notes.write_string(row, 3, english, wrap)


def main() -> None:
    """Write all templates beside this script."""
    content = yaml.safe_load((FOLDER / "templates.yaml").read_text("utf-8"))
    for name, columns in content["tables"].items():
        make_template(FOLDER / f"{name}_template.xlsx", columns, content)


if __name__ == "__main__":
    main()
