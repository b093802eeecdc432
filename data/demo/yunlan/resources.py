"""What the schools have: crowded but well staffed in town, roomy but short of specialists in the hills."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Words = dict[str, Any]
#: By locale: share of teachers above the required qualification, of backbone, sports and arts teachers.
RANKS = {"城区": (0.94, 0.22, 0.19), "镇区": (0.88, 0.15, 0.165), "乡村": (0.80, 0.11, 0.14)}
#: By locale, per pupil of the classes' design size: teaching rooms and sports grounds [m2], equipment [yuan].
ROOM = {"城区": (5.4, 8.4, 3_000), "镇区": (5.6, 10.4, 2_450), "乡村": (6.0, 12.6, 2_150)}
#: Pupils that a class is built for.
DESIGN = 45
#: Headings whose cells are left empty for these rows, counted among primary and junior schools: a bureau never knows all.
UNKNOWN = {
    "体育运动场馆面积": (9, 31),
    "教学仪器设备值（万元）": (31,),
    "县级以上骨干教师数": (17,),
    "网络多媒体教室数": (44,),
}


def with_resources(seed: int, table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Add the columns of an inspection to the bureau's table, before its last two."""
    rng = np.random.default_rng([seed, 21])
    headings: list[str] = words["school"]["resources"]
    rows = [resources(rng, school) for school in table.to_dict("records")]
    added = pd.DataFrame(rows, columns=pd.Index(headings), index=table.index).astype("Int64")
    taught = table.index[(table["小学在校生数"] + table["初中在校生数"]) > 0]
    for heading, places in UNKNOWN.items():
        added.loc[taught[list(places)], heading] = pd.NA
    return pd.concat([table.iloc[:, :-2], added, table.iloc[:, -2:]], axis=1)


def resources(rng: np.random.Generator, school: dict[str, Any]) -> dict[str, int | None]:
    """Draw what one school has."""
    teachers, locale = int(school["专任教师数"]), str(school["城乡类型"])
    classes = sum(int(school[f"{stage}班数"]) for stage in ("小学", "初中", "高中", "特教"))
    older = int(school["初中班数"]) + int(school["高中班数"])
    built_for = DESIGN * classes + 20 * older  # rooms of older pupils are larger
    point = school["办学类型"] == "教学点"
    qualified, backbone, arts = (share * rng.uniform(0.88, 1.08) for share in RANKS[locale])
    teaching, sports, equipment = (size * rng.uniform(0.84, 1.16) for size in ROOM[locale])
    boarders, beds = int(school["寄宿生数"]), int(school["寄宿床位数"])
    special_rooms = 0 if point else max(1, classes // 12 + int(rng.uniform() < 0.3))
    teaching_area = max(90, round(teaching * built_for))
    dorm_area = round(beds * rng.uniform(2.6, 4.2))
    found: dict[str, int | None] = {
        "教职工数": round(teachers * rng.uniform(1.02, 1.09)),
        "高于规定学历教师数": min(teachers, round(teachers * qualified)),
        "县级以上骨干教师数": round(teachers * backbone),
        "体育艺术教师数": round(teachers * arts),
        "中级及以上职称教师数": round(teachers * rng.uniform(0.35, 0.6)),
        "教学及辅助用房面积": teaching_area,
        "体育运动场馆面积": max(120, round(sports * built_for)),
        "教学仪器设备值（万元）": max(2, round(equipment * built_for / 10_000)),
        "网络多媒体教室数": max(1, round(classes * rng.uniform(0.95, 1.25))),
        "计算机台数": max(2, round(built_for * rng.uniform(0.08, 0.15))),
        "图书册数": round(built_for * rng.uniform(17, 34)),
        "音乐教室数": special_rooms,
        "美术教室数": 0 if point else max(1, special_rooms - int(rng.uniform() < 0.25)),
        "占地面积": round(built_for * rng.uniform(14, 27)),
        "校舍建筑面积": round(teaching_area * rng.uniform(1.25, 1.6)) + dorm_area,
        "学生宿舍面积": dorm_area if boarders else 0,
    }
    for stage in ("小学", "初中"):
        found |= class_sizes(rng, stage, int(school[f"{stage}在校生数"]), int(school[f"{stage}班数"]))
    return found


def class_sizes(rng: np.random.Generator, stage: str, pupils: int, classes: int) -> dict[str, int | None]:
    """Divide the pupils of a stage among its classes, not quite evenly, and count the large ones."""
    names = (f"{stage}最大班额", f"{stage}56-65人班数", f"{stage}66人及以上班数")
    if not classes or not pupils:
        return dict.fromkeys(names)
    weight = rng.uniform(0.92, 1.08, classes)
    ends = np.round(np.cumsum(weight / weight.sum()) * pupils).astype(int)
    sizes = np.diff(ends, prepend=0)
    return dict(zip(names, (int(sizes.max()), int(((sizes >= 56) & (sizes <= 65)).sum()), int((sizes >= 66).sum())), strict=True))  # fmt: skip
