"""What lists and rolls call a hardship is understood, and one of several becomes the basis."""

from __future__ import annotations

import pytest

from jzdesk.core.codes import table
from jzdesk.policy.hardship import PRIORITY, by_priority, code_of, from_list, from_roll, monitored_known


def test_the_priority_names_every_hardship_once() -> None:
    assert sorted(PRIORITY) == sorted(table("difficulty_type").labels)


def test_a_hardship_of_a_newer_table_comes_last() -> None:
    assert by_priority(["D77", "D99", "D12", "D01"]) == ["D01", "D12", "D99", "D77"]


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("建档立卡贫困户", "D01"),
        ("脱贫户（继续享受政策）", "D01"),
        ("脱贫不稳定户", "D02"),
        ("边缘易致贫户", "D03"),
        ("边缘户", "D03"),
        ("突发严重困难户", "D04"),
        ("农村低保", "D05"),
        ("城乡特困", "D07"),
        ("五保户", "D07"),
        ("孤儿", "D10"),
        ("事实无人抚养儿童", "D11"),
        ("持证残疾人", "D12"),
        ("残疾学生", "D12"),
        ("残疾人子女", "D13"),
        ("低收入人口", "D09"),
        ("D05", "D05"),
        (" 低保家庭　", "D05"),
        ("富裕户", None),
    ],
)
def test_old_and_new_labels_mean_the_same_code(label: str, code: str | None) -> None:
    assert code_of(label) == code


@pytest.mark.parametrize(
    ("attribute", "monitored", "codes"),
    [
        ("已脱贫", "", ["D01"]),
        ("已脱贫", None, ["D01"]),
        ("稳定脱贫", "无", ["D01"]),
        ("已脱贫", "脱贫不稳定户", ["D01", "D02"]),
        ("已脱贫", "边缘易致贫户", ["D01", "D03"]),
        ("已脱贫", "突发严重困难户", ["D01", "D04"]),
        ("", "边缘易致贫户", ["D03"]),
        ("非脱贫户", "边缘易致贫户", ["D03"]),
        ("", "", ["D01"]),
        ("一般农户", "", []),
        ("已脱贫", "看不懂", ["D01"]),
    ],
)
def test_a_list_gives_poverty_and_the_monitored_class(attribute: str, monitored: str | None, codes: list[str]) -> None:
    assert [mark.code for mark in from_list(attribute, monitored)] == codes


def test_an_unknown_monitored_class_is_noticed() -> None:
    assert monitored_known("边缘易致贫户")
    assert monitored_known(None)
    assert not monitored_known("看不懂")
    assert not monitored_known("孤儿")


@pytest.mark.parametrize(
    ("orphan", "disability", "codes"),
    [
        ("是", "0", ["D10"]),
        ("1-是", None, ["D10"]),
        (1, "", ["D10"]),
        (0, "4", ["D12"]),
        ("否", "0", []),
        (None, None, []),
        ("是", "7", ["D10", "D12"]),
    ],
)
def test_a_roll_gives_orphans_and_disabled_pupils(
    orphan: str | int | None, disability: str | None, codes: list[str]
) -> None:
    marks = from_roll(orphan, disability)
    assert [mark.code for mark in marks] == codes
    assert all(mark.said for mark in marks)
