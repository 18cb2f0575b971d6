"""Funds: money in, money out, never more than there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.funds import FundService
from tests.factories.people import Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def test_the_balance_is_what_came_in_less_what_went_out(desk: Desk) -> None:
    funds, student = FundService(desk.context), desk.pupil()
    fund = funds.open("青石助学金", "某某商会", "特困学生救助")
    funds.record(fund, "in", 500_000, "2025-09-01", note="捐款")
    funds.record(fund, "out", 120_050, "2025-10-01", student, "救助")
    (line,) = funds.funds()
    assert (line.incoming, line.outgoing, line.balance, line.amount) == (500_000, 120_050, 379_950, "3,799.50")
    last = funds.entries(fund)[-1]
    assert (last.fen, last.balance, last.student) == (-120_050, 379_950, "宋火强")


def test_more_than_there_is_cannot_be_spent(desk: Desk) -> None:
    funds = FundService(desk.context)
    fund = funds.open("青石助学金")
    funds.record(fund, "in", 10_000, "2025-09-01")
    with pytest.raises(UserError, match=r"余额是 100\.00 元，差 0\.01 元"):
        funds.record(fund, "out", 10_001, "2025-10-01")
    assert funds.funds()[0].balance == 10_000
    funds.record(fund, "out", 10_000, "2025-10-01")


def test_money_is_not_spent_before_it_came(desk: Desk) -> None:
    funds = FundService(desk.context)
    fund = funds.open("青石助学金")
    funds.record(fund, "in", 10_000, "2025-10-10")
    with pytest.raises(UserError, match="余额不足"):
        funds.record(fund, "out", 1, "2025-10-09")
    funds.record(fund, "out", 1, "2025-10-10")


@pytest.mark.parametrize(
    ("direction", "fen", "date", "said"),
    [("in", 0, "2025-10-01", "大于零"), ("in", 1, "2025-11-11", "还没有到"), ("to", 1, "2025-10-01", "收入还是支出")],
)
def test_nonsense_is_refused_in_words(desk: Desk, direction: str, fen: int, date: str, said: str) -> None:
    funds = FundService(desk.context)
    with pytest.raises(UserError, match=said):
        funds.record(funds.open("青石助学金"), direction, fen, date)


def test_a_fund_has_a_name_and_exists(desk: Desk) -> None:
    with pytest.raises(UserError, match="基金名称"):
        FundService(desk.context).open(" ")
    with pytest.raises(UserError, match="不存在"):
        FundService(desk.context).record("0" * 32, "in", 1)
