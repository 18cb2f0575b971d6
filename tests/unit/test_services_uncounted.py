"""What the county takes back after a child has moved stops counting at the new school too, and counts again later."""

from __future__ import annotations

from tests.factories.moves import MOVED_ON, NEW, Three, child, file_of, paid


def both_see_the_same(three: Three, uid: str) -> None:
    assert file_of(three.new, uid) == file_of(three.county, uid)
    assert three.new.verify().ok


def paid_and_moved(three: Three) -> tuple[str, str]:
    """A child who was handed in, then paid in a second package, then moved; returns it and the second package."""
    uid = child(three.old)
    three.up()
    paid(three.old)
    (package,) = [path.name for path in three.up(three.old)]
    three.county.transfers.approve(three.asked(uid))
    three.down()
    return uid, package


def test_a_payment_that_is_taken_back_at_the_county_leaves_the_new_school_and_returns(three: Three) -> None:
    uid, package = paid_and_moved(three)
    before = file_of(three.new, uid)
    assert len(three.new.students.file(uid).payments) == 1
    assert three.county.withdrawing.look(package).effects.moved == 1
    three.county.withdrawing.withdraw(package, "报错了学期")
    told = three.down(three.new)
    assert any("王小明" in said and "暂不计入" in said for said in told)
    assert three.new.students.file(uid).payments == []
    both_see_the_same(three, uid)
    assert three.county.withdrawing.look_back(package).effects.moved == 1
    three.county.withdrawing.rejoin(package)
    told = three.down(three.new)
    assert any("王小明" in said and "重新计入" in said for said in told)
    assert file_of(three.new, uid) == before
    both_see_the_same(three, uid)


def test_what_is_lacking_stands_in_the_work_list_until_it_has_returned(three: Three) -> None:
    _, package = paid_and_moved(three)
    three.county.withdrawing.withdraw(package, "报错了学期")
    three.down(three.new)
    (said,) = [item.sentence for item in three.new.work_list.items() if item.entity == "student"]
    assert said.startswith("县里撤回了青石镇中心小学的部分数据，转来的档案里")
    three.county.withdrawing.rejoin(package)
    three.down(three.new)
    assert [item for item in three.new.work_list.items() if item.entity == "student"] == []


def test_even_when_nothing_of_the_child_is_left_at_the_county(three: Three) -> None:
    uid = child(three.old)
    (package,) = [path.name for path in three.up(three.old)]
    three.county.transfers.approve(three.asked(uid))
    three.down()
    before = file_of(three.new, uid)
    three.county.withdrawing.withdraw(package, "整包报错")
    told = three.down(three.new)
    assert not any("还没有读到" in said for said in told), told
    both_see_the_same(three, uid)
    (said,) = [item for item in three.new.work_list.items() if item.entity == "student"]
    assert said.title == "王小明"
    three.county.withdrawing.rejoin(package)
    three.down(three.new)
    assert file_of(three.new, uid) == before


def test_a_file_of_an_earlier_day_opens_nothing_that_stopped_counting_since(three: Three) -> None:
    uid, package = paid_and_moved(three)
    (early,) = three.root.glob(f"stick-*/{NEW}_*.jzd")
    three.county.withdrawing.withdraw(package, "报错了学期")
    three.down(three.new)
    three.new.exchange.read_receipts([early])
    both_see_the_same(three, uid)


def test_a_school_that_reads_only_the_later_receipt_sees_the_same(three: Three) -> None:
    uid = child(three.old)
    three.up()
    paid(three.old)
    (package,) = [path.name for path in three.up(three.old)]
    three.county.transfers.approve(three.asked(uid))
    lost = three.stick()
    three.county.county.write_receipts(lost)
    three.county.withdrawing.withdraw(package, "报错了学期")
    three.down(three.new)
    three.new.exchange.read_receipts([lost])  # found again: the receipt is old by now, the file is not
    both_see_the_same(three, uid)
    assert three.new.students.file(uid).payments == []


def test_what_a_revoked_computer_wrote_beyond_the_cut_leaves_the_new_school_as_well(three: Three) -> None:
    uid = child(three.old)
    (first,) = three.up(three.old)
    paid(three.old)
    three.up(three.old)
    three.county.transfers.approve(three.asked(uid))
    three.down()
    device = three.old.context.info.device
    upto = next(line.package_id for line in three.county.merging.arrivals() if line.file == first.name)
    three.county.revoking.revoke(device, "电脑被盗", upto)
    three.down(three.new)
    both_see_the_same(three, uid)
    three.county.revoking.reinstate(device, "找回了")
    three.down(three.new)
    both_see_the_same(three, uid)
    assert len(three.new.students.file(uid).payments) == 1


def test_the_new_school_does_not_pay_again_what_comes_back(three: Three) -> None:
    uid, package = paid_and_moved(three)
    three.new.transfers.receive(uid, {"date": MOVED_ON})
    three.county.withdrawing.withdraw(package, "报错了学期")
    three.down(three.new)
    assert three.new.aid.decide("2025-2026-1").granted == 1
    three.county.withdrawing.rejoin(package)
    three.down(three.new)
    assert three.new.aid.decide("2025-2026-1").granted == 0
