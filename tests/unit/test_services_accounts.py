"""Accounts and the recovery key: each way in opens the same data, and taking one away takes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.bundle import Services
from jzdesk.services.stations import create_station, open_station, recover
from tests.factories.stations import PASSWORD

NEW = "Xinde2026mima"


def test_a_new_account_opens_the_same_station_under_its_own_name(school: Services) -> None:
    school.ledger.save("staff", {"name": "何老师"})
    school.accounts.add(" 李老师 ", NEW)
    folder = school.info.folder
    school.close()
    station = open_station(folder, NEW, "李老师")
    assert station.actor.account == "李老师"
    assert [title for _, title in station.ledger.choices("staff")] == ["何老师"]
    station.ledger.save("staff", {"name": "张老师"})
    uid = station.ledger.choices("staff", "张老师")[0][0]
    assert station.ledger.history("staff", uid)[0].who == "李老师"


@pytest.mark.parametrize(
    ("name", "password", "words"), [("", NEW, "账户名"), ("测试员", NEW, "已经有"), ("李老师", "short", "密码")]
)
def test_an_account_without_name_or_with_a_weak_password_is_refused(
    school: Services, name: str, password: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        school.accounts.add(name, password)
    assert school.accounts.names() == ["测试员"]


def test_a_password_is_changed_only_by_who_knows_the_old_one(school: Services) -> None:
    with pytest.raises(UserError, match="密码不对"):
        school.accounts.change_password("Cuode2025mima", NEW)
    school.accounts.change_password(PASSWORD, NEW)
    folder = school.info.folder
    school.close()
    with pytest.raises(UserError, match="密码不对"):
        open_station(folder, PASSWORD)
    assert open_station(folder, NEW).verify().ok


def test_the_account_at_the_desk_cannot_remove_itself(school: Services) -> None:
    school.accounts.add("李老师", NEW)
    with pytest.raises(UserError, match="正在使用"):
        school.accounts.remove("测试员")
    school.accounts.remove("李老师")
    with pytest.raises(UserError, match="没有叫"):
        school.accounts.remove("李老师")
    assert school.accounts.names() == ["测试员"]


def test_a_renewed_recovery_key_opens_and_the_old_one_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "school"
    old = create_station(
        folder, kind="school", code="2143990001", name="青石镇中心小学", account="测试员", password=PASSWORD
    ).recovery_key
    station = open_station(folder, PASSWORD)
    new = station.accounts.renew_recovery_key()
    station.close()
    with pytest.raises(UserError, match="恢复钥匙不对"):
        recover(folder, old, "测试员", NEW)
    recover(folder, new, "测试员", NEW)
    assert open_station(folder, NEW).verify().ok
