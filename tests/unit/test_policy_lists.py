"""What a department's list is and means: its kind and date are told by name, its policy by the code table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jzdesk.core.codes import table
from jzdesk.core.errors import UserError
from jzdesk.policy import lists
from jzdesk.policy.lists import Said


def given(kind: str, said: Said | None = None) -> list[str]:
    return [mark.code for mark in lists.meaning_of(lists.kinds()[kind], said or Said()).gives]


def test_there_are_the_ten_kinds_of_the_reference() -> None:
    assert {one.name for one in lists.kinds().values()} == {
        "脱贫户(继续享受)", "脱贫户(不享受)", "持证残疾人", "农村低保", "城镇低保", "城乡特困", "监测对象(未消除)",
        "监测对象(已消除)", "孤儿及事实无人抚养", "低收入人口",
    }  # fmt: skip
    for row in table("department_list").rows.values():
        assert "reference §5.3" in row["source"]
        assert row["code_system"] == "own"
        assert row["policy"] in (lists.YES, lists.KEEP, lists.NO)


def test_every_hardship_of_a_kind_is_in_the_table_of_hardships() -> None:
    known = table("difficulty_type").labels
    for one in lists.kinds().values():
        assert one.codes <= known.keys()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("脱贫户与监测对象名单-青石镇", "L01"),
        ("建档立卡户花名册", "L01"),
        ("脱贫户（不享受政策）2025", "L02"),
        ("脱贫户(继续享受政策)", "L01"),
        ("持证残疾人信息", "L03"),
        ("2025年9月农村低保名单", "L04"),
        ("低保对象", "L04"),
        ("城镇低保", "L05"),
        ("城市居民最低生活保障对象", "L05"),
        ("城乡特困人员", "L06"),
        ("防返贫监测对象（风险未消除）", "L07"),
        ("监测对象(已消除)", "L08"),
        ("监测对象 风险已消除", "L08"),
        ("脱贫不稳定户", "L07"),
        ("孤儿及事实无人抚养儿童", "L09"),
        ("低收入人口", "L10"),
        ("低保边缘家庭", "L10"),
        ("学生名册", ""),
    ],
)
def test_the_name_of_a_list_tells_its_kind(name: str, kind: str) -> None:
    assert lists.guess_kind([name]) == kind


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        (["姓名", "身份证号", "残疾类别"], "L03"), (["姓名", "证件号码", "低保证号"], "L04"),
        (["姓名", "证件号码", "脱贫属性", "监测对象类别"], "L01"), (["姓名", "证件号码", "监测对象类别"], "L07"),
        (["姓名", "证件号码"], ""),
    ],
)  # fmt: skip
def test_else_its_columns_do(headings: list[str], kind: str) -> None:
    assert lists.guess_kind(["表1", "Sheet1"], headings) == kind


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("低保名单2025年9月", "2025-09-01"), ("名单（2025.9.15）", "2025-09-15"), ("20250915低保", "2025-09-15"),
        ("2025-09-15", "2025-09-15"), ("截至２０２５年９月３０日", "2025-09-30"), ("202509低保", "2025-09-01"),
        ("2025年13月", ""), ("青石镇名单", ""), ("43109920150915", ""),
    ],
)  # fmt: skip
def test_the_date_of_a_list_is_read_from_its_name(text: str, day: str) -> None:
    assert lists.guess_date([text]) == day


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("L01", ["D01"]), ("L02", []), ("L03", ["D12"]), ("L04", ["D05"]), ("L05", ["D05"]), ("L06", ["D07"]),
        ("L07", ["D02"]), ("L08", []), ("L09", ["D11"]), ("L10", ["D09"]),
    ],
)  # fmt: skip
def test_what_each_kind_gives_the_person_on_it(kind: str, codes: list[str]) -> None:
    assert given(kind) == codes


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("L01", ["D01"]),
        ("L03", ["D13"]),
        ("L04", ["D05"]),
        ("L06", []),
        ("L07", ["D02"]),
        ("L09", []),
        ("L10", ["D09"]),
    ],
)
def test_what_each_kind_gives_the_family(kind: str, codes: list[str]) -> None:
    one = lists.kinds()[kind]
    found = lists.family_meaning(one, lists.meaning_of(one, Said()))
    assert [mark.code for mark in found.gives] == codes


@pytest.mark.parametrize(
    ("kind", "said", "codes"),
    [
        ("L01", Said(attribute="已脱贫", monitored="边缘易致贫户"), ["D01", "D03"]),
        ("L01", Said(monitored="突发严重困难户"), ["D04"]),
        ("L01", Said(attribute="脱贫户(不享受政策)"), []),
        ("L01", Said(attribute="已脱贫", enjoys="否"), []),
        ("L01", Said(attribute="已脱贫", enjoys="不享受", monitored="脱贫不稳定户"), ["D02"]),
        ("L01", Said(attribute="已脱贫", monitored="脱贫不稳定户", status="已消除"), ["D01"]),
        ("L07", Said(monitored="边缘易致贫户"), ["D03"]),
        ("L07", Said(monitored="边缘易致贫户", status="风险已消除"), []),
        ("L07", Said(attribute="已脱贫", monitored="脱贫不稳定户"), ["D02", "D01"]),
        ("L09", Said(child_kind="孤儿"), ["D10"]),
        ("L09", Said(child_kind="事实无人抚养儿童"), ["D11"]),
    ],
)
def test_the_row_says_it_more_exactly_than_the_kind(kind: str, said: Said, codes: list[str]) -> None:
    assert given(kind, said) == codes


def test_a_list_that_denies_the_policy_denies_and_a_risk_that_is_gone_keeps() -> None:
    denied = lists.meaning_of(lists.kinds()["L02"], Said())
    assert (sorted(denied.denies), sorted(denied.keeps)) == (["D01"], [])
    kept = lists.meaning_of(lists.kinds()["L08"], Said(monitored="边缘易致贫户"))
    assert (sorted(kept.denies), sorted(kept.keeps)) == ([], ["D03"])


@pytest.fixture
def county_pays_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A county whose table says that 脱贫户(不享受) and 监测对象(已消除) go on to be paid."""
    for code in ("L02", "L08"):
        monkeypatch.setitem(table("department_list").rows[code], "policy", lists.YES)
    lists.kinds.cache_clear()
    yield
    monkeypatch.undo()
    lists.kinds.cache_clear()


@pytest.mark.usefixtures("county_pays_all")
def test_whether_the_policy_goes_on_is_data() -> None:
    assert given("L02") == ["D01"]
    assert given("L08", Said(monitored="边缘易致贫户")) == ["D03"]


def test_an_unknown_class_is_asked_about() -> None:
    assert "看不懂" in lists.problem_of(Said(monitored="看不懂"))
    assert lists.problem_of(Said(monitored="否")) == ""


def test_facts_of_the_household_are_codes_and_unknown_words_are_told() -> None:
    kind = lists.kinds()["L07"]
    facts, unknown = lists.household_facts(kind, Said(attribute="已脱贫"), "4310", "说不清")
    assert facts == {"number": "4310", "attr": "C", "monitoring": "R0"}
    assert unknown == {"cause": "说不清"}
    assert lists.household_facts(lists.kinds()["L02"], Said(), "", "")[0] == {"attr": "E"}


def test_a_kind_is_found_by_code_and_by_name_and_a_wrong_word_names_them_all() -> None:
    assert lists.kind_of("L04") == lists.kind_of("农村低保") == lists.kinds()["L04"]
    assert lists.kind_of("脱贫户（不享受）").code == "L02"
    with pytest.raises(UserError) as told:
        lists.kind_of("低保")
    assert "农村低保" in told.value.remedy
