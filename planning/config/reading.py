"""Read a project file: checked closed and at once, with the path of every fault."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pydantic
import yaml

from planning.config.project import Project
from planning.errors import ConfigError, Message, SourceMissingError, msg

__all__ = ["faults_in_words", "load_project", "read_yaml"]


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML, but a key written twice is a fault and not a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Mapping[str, Any]:
    """
    Read a YAML file that must hold a mapping.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Mapping
        What it holds.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    ConfigError
        If it is not UTF-8, not YAML, has a key twice, or is not a mapping.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SourceMissingError(msg("{file}: there is no such file.", file=str(path))) from error
    except UnicodeDecodeError as error:
        raise ConfigError(msg("{file}: not UTF-8 text. Save it as UTF-8.", file=path.name)) from error
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            msg(
                "{file}: not readable as YAML at line {line}: {problem}.",
                file=path.name,
                line=mark.line + 1 if mark else "?",
                problem=getattr(error, "problem", None) or "broken text",
            )
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(msg("{file}: must be a list of keys and values, such as name: Yunlan.", file=path.name))
    return MappingProxyType(content)


def load_project(path: str | Path) -> Project:
    """
    Read and check a project file; the files it names are looked for, not opened.

    Parameters
    ----------
    path : str or pathlib.Path
        The ``project.yaml``, or a folder that holds one.

    Returns
    -------
    Project
        Frozen; its paths start from the file's folder.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    ConfigError
        With every fault and its path: unknown or missing keys, wrong values, files that are named but not there.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "project.yaml"
    content = read_yaml(path)
    try:
        project = Project.model_validate({**content, "folder": path.parent.resolve()})
    except pydantic.ValidationError as error:
        faults = faults_in_words(error)
        raise ConfigError(
            msg("{file}: {n} faults in the project file.", file=path.name, n=len(faults)), faults
        ) from error
    if "folder" in content:
        raise ConfigError(msg("{file}: {n} faults in the project file.", file=path.name, n=1), [_unknown_key("folder")])
    missing = [
        msg("{key}: there is no file {name}. Paths start from the folder of the project file.", key=key, name=name)
        for key, name in project.files()
        if not project.path(name).exists()
    ]
    if missing:
        raise ConfigError(msg("{file}: {n} faults in the project file.", file=path.name, n=len(missing)), missing)
    return project


def _unknown_key(key: str) -> Message:
    return msg("{key}: unknown key. Check its spelling, or remove it.", key=key)


def _expected(kind: str, fault: Mapping[str, Any]) -> Message | str:
    """Say what kind of value belongs there."""
    ctx = fault.get("ctx", {})
    for start, expected in (
        ("string_too_short", msg("must not be empty")),
        ("string_too_long", msg("must have at most {limit} characters", limit=ctx.get("max_length"))),
        ("too_long", msg("must have at most {limit} entries", limit=ctx.get("max_length"))),
        ("int", msg("must be a whole number")),
        ("float", msg("must be a number")),
        ("finite", msg("must be a number")),
        ("bool", msg("must be true or false")),
        ("string", msg("must be a text")),
        ("tuple", msg("must be a list in [ ]")),
        ("list", msg("must be a list in [ ]")),
        ("dict", msg("must be a list of keys and values")),
        ("model", msg("must be a list of keys and values")),
        ("greater_than_equal", msg("must be {limit:g} or more", limit=ctx.get("ge", 0))),
        ("greater_than", msg("must be more than {limit:g}", limit=ctx.get("gt", 0))),
        ("less_than_equal", msg("must be {limit:g} or less", limit=ctx.get("le", 0))),
        ("too_short", msg("must not be empty")),
    ):
        if kind.startswith(start):
            return expected
    return str(fault["msg"])


def faults_in_words(error: pydantic.ValidationError) -> list[Message]:
    """
    Put pydantic's findings into our own words, each with its path.

    Parameters
    ----------
    error : pydantic.ValidationError
        What a closed schema found.

    Returns
    -------
    list of Message
        One fault each.
    """
    faults = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"]) or "project"
        kind, given = fault["type"], fault.get("input")
        shown = given if not isinstance(given, dict | list | tuple) and (given is not None) else type(given).__name__
        if isinstance(given, float) and math.isnan(given):
            shown = "NaN"
        if kind == "extra_forbidden":
            faults.append(_unknown_key(key))
        elif kind == "missing":
            faults.append(msg("{key}: missing. Add it.", key=key))
        elif kind in ("literal_error", "enum"):
            faults.append(
                msg(
                    "{key}: must be one of {expected} (given: {given})",
                    key=key,
                    expected=str(fault["ctx"]["expected"]).replace("'", "").replace(" or ", ", "),
                    given=shown,
                )
            )
        elif kind == "value_error":
            faults.append(msg("{key}: {problem}", key=key, problem=fault["ctx"]["error"].args[0]))
        else:
            faults.append(
                msg("{key}: {problem} (given: {given})", key=key, problem=_expected(kind, fault), given=shown)
            )
    return faults
