"""A device is trusted up to a cut: what counts before it, what does not beyond it, who is told, and the way back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.models import Student
from jzdesk.services import enrolled, identity, package_log, revoking
from jzdesk.services.context import Context
from jzdesk.store import standing
from jzdesk.sync.receipt import Revocation, open_receipt
from tests.factories.forging import Forger
from tests.factories.township import make_township, open_township, pupil
from tests.factories.world import World, county_copy, names, new_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def test_what_was_taken_in_stays_and_what_comes_later_does_not_count(world: World) -> None:
    world.hand_in("一", "二")
    world.save("三")
    waiting = world.export()
    before = world.county.verify()
    seen = world.county.revoking.look("1")
    assert (seen.entries, seen.name) == (0, "青石镇中心小学")
    assert world.county.revoking.revoke("1", "电脑被盗") == 0
    assert world.county.verify() == before
    preview = world.county.previewing.preview(waiting)
    assert preview.effects.entities == () or preview.effects.total("new") == 0
    (outcome,) = world.county.merging.merge([waiting])
    assert (outcome.outcome, outcome.counts.known, outcome.counts.held, outcome.counts.applied) == ("held", 2, 1, 0)
    assert outcome.reason is not None
    assert "只认到第 2 条" in outcome.reason
    assert outcome.counts == preview.counts
    after = world.county.verify()
    assert (after.digest, after.entries) == (before.digest, before.entries + 1), "kept, but counts for nothing"
    assert world.merge(waiting) == ["duplicate"]
    assert "电脑已吊销" in world.county.merging.inbox([waiting])[0].state
    assert names(world.county) == {"一", "二"}


def test_what_lies_before_the_cut_counts_whenever_it_arrives(world: World) -> None:
    """As for a township, or a county that was restored: the cut is known before the entries are."""
    first, second = world.hand_in("一", "二"), world.hand_in("三", "四")
    world.save("五")
    third = world.export()
    world.county.revoking.revoke(world.device, "被盗")
    world.merge(third)
    (receipt,) = world.county.county.write_receipts(world.stick)
    with open_receipt(receipt, identity.station_keys(world.school.context), _county_key(world)) as opened:
        lines = opened.body.revocations
    fresh = county_copy(world.stick.parent / "late")
    with fresh.context.write() as unit:
        revoking.take_over(unit, lines)
    assert [one.outcome for one in fresh.merging.merge([first, third, second])] == ["applied", "held", "duplicate"]
    assert names(fresh) == {"一", "二", "三", "四"} == names(world.county)
    assert fresh.verify().entries - world.county.verify().entries == 0
    with fresh.context.write() as unit:
        revoking.take_over(unit, [])
    assert names(fresh) == {"一", "二", "三", "四", "五"}, "a device that is not on the list any more is trusted"


def _county_key(world: World) -> str:
    return identity.county_card(world.county.context).signing


def test_a_cut_at_a_package_takes_out_what_came_later_and_says_so_beforehand(world: World) -> None:
    first = world.hand_in("一")
    uid = world.save("二", phone="13800000000")
    world.merge(world.export())
    with world.school.context.write() as unit:
        unit.change(Student, uid, {"phone": "13900000000"})
    world.merge(world.export())
    before = world.county.verify()
    choices = world.county.revoking.choices(world.device)
    assert [one.key for one in choices][0::4] == ["now", "none"]
    cut = choices[-2].key
    seen = world.county.revoking.look(world.device, cut)
    assert (seen.entries, seen.effects.total("gone")) == (2, 1)
    with pytest.raises(UserError, match="理由"):
        world.county.revoking.revoke(world.device, " ", cut)
    assert world.county.verify() == before
    assert world.county.revoking.revoke(world.device, "老师离开时带走电脑", cut) == 2
    assert names(world.county) == {"一"}
    with pytest.raises(UserError, match="已经吊销"):
        world.county.revoking.revoke(world.device, "再来", cut)
    (line,) = world.county.revoking.listed()
    assert (line.trusted, line.beyond, line.undone) == (1, 2, "")
    back = world.county.revoking.look_back(world.device)
    assert (back.entries, back.effects.total("new")) == (2, 1)
    assert world.county.revoking.reinstate(world.device, "电脑找回来了") == 2
    assert world.county.verify() == before, "everything comes back exactly"
    (line,) = world.county.revoking.listed()
    assert (line.undone_why, line.beyond) == ("电脑找回来了", 0)
    assert world.merge(first) == ["duplicate"]
    with pytest.raises(UserError, match="没有吊销"):
        world.county.revoking.reinstate(world.device, "再来")


def test_nothing_of_a_device_may_count(world: World) -> None:
    world.hand_in("一", "二")
    assert world.county.revoking.look(world.device, "none").effects.total("gone") == 2
    assert world.county.revoking.revoke(world.device, "不是学校的电脑", "none") == 2
    assert names(world.county) == set()
    with pytest.raises(UserError, match="没有并入过"):
        world.county.revoking.look(world.device, "f" * 32)


def test_an_epoch_begun_after_the_cut_does_not_count(world: World) -> None:
    world.hand_in("一")
    world.county.revoking.revoke(world.device, "被盗")
    thief = Forger(world.school)
    thief.say(set={"name": "假学生"})
    assert world.merge(thief.package(world.stick)) == ["held"]
    assert names(world.county) == {"一"}


def test_the_stolen_key_cannot_write_another_beginning(world: World) -> None:
    """Where the entries before the cut are still on their way, they must lead to what the county had accepted."""
    thief = Forger(world.school, epoch=world.school.context.store.own_chain().ep)
    world.hand_in("一")
    world.county.revoking.revoke(world.device, "被盗")
    with world.county.context.read() as connection:
        lines = list(revoking.told(connection, world.school.info.code, "school"))
    late = county_copy(world.stick.parent / "late")
    with late.context.write() as unit:
        revoking.take_over(unit, lines)
    before = late.verify()
    thief.say(set={"name": "假学生"})
    (outcome,) = late.merging.merge([thief.package(world.stick)])
    assert outcome.outcome == "rejected"
    assert outcome.reason is not None
    assert "与县里认可的不一样" in outcome.reason
    assert late.verify() == before


def test_the_school_reads_it_in_its_receipt_and_learns_nothing_more(world: World) -> None:
    world.hand_in("一")
    world.school.exchange.read_receipts([world.receipt()])
    world.county.revoking.revoke(world.device, "电脑丢失")
    before = world.school.verify()
    path = world.receipt()
    with open_receipt(path, identity.station_keys(world.school.context), _county_key(world)) as opened:
        assert list(opened.entries()) == []
        assert (opened.body.problems, opened.body.paid_elsewhere, opened.body.certificate) == ((), None, None)
    (outcome,) = world.school.exchange.read_receipts([path])
    assert outcome.outcome == "read"
    assert "县里已吊销本机的证书，理由：电脑丢失" in outcome.sentence
    (caution,) = world.school.exchange.standing().cautions
    assert caution.grave
    assert "吊销" in caution.what
    with pytest.raises(UserError, match="吊销"):
        world.school.exchange.export(world.stick)
    for attempt in (
        lambda: world.county.county.renew(world.device, world.stick),
        lambda: world.county.county.issue(world.school.exchange.request(world.stick), world.stick),
        lambda: world.county.county.return_entries(world.device, world.stick),
    ):
        with pytest.raises(UserError, match="已经吊销"):
            attempt()
    assert world.school.verify() == before
    world.county.revoking.reinstate(world.device, "找回来了")
    (outcome,) = world.school.exchange.read_receipts([world.receipt()])
    assert "撤销了对本机的吊销" in outcome.sentence
    assert world.school.exchange.standing().cautions == ()
    assert world.merge(world.export()) == ["applied"]
    assert world.county.verify().digest == world.school.verify().digest


def test_the_receipt_says_what_became_of_each_package_and_its_counts_balance(world: World) -> None:
    world.hand_in("一")
    world.hand_in("二", "三")
    cut = world.county.revoking.choices(world.device)[2].key
    world.county.revoking.revoke(world.device, "带走电脑", cut)
    world.save("四")
    world.merge(world.export())
    with world.county.context.read() as connection:
        told = list(package_log.told(connection, world.device))
    assert [(one.outcome, one.applied, one.known, one.held) for one in told] == [
        ("held", 0, 3, 1), ("held", 0, 1, 2), ("applied", 1, 0, 0),
    ]  # fmt: skip
    assert all("吊销" in (one.sentence or "") for one in told[:2])
    world.county.revoking.reinstate(world.device, "找回来了")
    with world.county.context.read() as connection:
        told = list(package_log.told(connection, world.device))
    assert [(one.outcome, one.applied, one.known, one.held) for one in told] == [
        ("applied", 1, 3, 0), ("applied", 2, 1, 0), ("applied", 1, 0, 0),
    ]  # fmt: skip


def test_a_township_hears_of_every_device_and_a_school_of_its_own(world: World) -> None:
    world.hand_in("一")
    world.county.revoking.revoke(world.device, "被盗")
    with world.county.context.read() as connection:
        assert [one.trusted_n for one in revoking.told(connection, "2143990001", "school")] == [0, 1]
        assert list(revoking.told(connection, "2143990004", "school")) == []
        assert len(list(revoking.told(connection, "2143990004", "township"))) == 2


def test_what_a_township_reads_of_its_schools_stands_by_the_countys_list(tmp_path: Path) -> None:
    make_township(tmp_path / "made")
    place = open_township(tmp_path / "made", tmp_path)
    try:
        village, centre, county, stick = place.village, place.centre, place.county, place.stick("all")
        pupil(centre, "镇上的")
        pupil(village, "先")
        village.exchange.export(stick)
        centre.exchange.export(stick)
        county.merging.merge([stick])
        county.revoking.revoke(village.info.device, "被盗")
        pupil(village, "后")
        village.exchange.export(stick)
        centre.township.take([stick])
        assert names_in(centre.township.view) == {"先", "后"}
        centre.township.take(county.county.write_receipts(stick))
        assert names_in(centre.township.view) == {"先"}
        county.revoking.reinstate(village.info.device, "找回来了")
        centre.exchange.read_receipts(county.county.write_receipts(stick))
        pupil(village, "又")
        centre.township.take([village.exchange.export(stick)[0].path])
        assert names_in(centre.township.view) == {"先", "后", "又"}
    finally:
        place.close()


def names_in(view: Context) -> set[str]:
    with view.read() as connection:
        return set(connection.execute(select(Student.__table__.c.name)).scalars())


def test_revoking_and_taking_back_do_not_lose_each_others_entries(world: World) -> None:
    world.hand_in("一")
    second, third = world.hand_in("二"), world.hand_in("三")
    before = world.county.verify()
    county, cut = world.county, world.county.revoking.choices(world.device)[2].key
    county.withdrawing.withdraw(third.name, "报错了")
    county.revoking.revoke(world.device, "被盗", cut)
    county.withdrawing.rejoin(third.name)
    assert names(county) == {"一", "二"}
    county.withdrawing.withdraw(second.name, "报错了")
    assert county.revoking.reinstate(world.device, "找回") == 0
    assert names(county) == {"一"}
    county.withdrawing.rejoin(second.name)
    assert county.verify() == before


def test_only_the_county_revokes_and_only_what_it_knows(world: World) -> None:
    with pytest.raises(UserError, match="县教育局办理"):
        world.school.revoking.revoke(world.device, "不行")
    with pytest.raises(UserError, match="没有这张证书"):
        world.county.revoking.revoke("99", "不行")


def test_a_receipt_with_an_old_list_is_read_as_before(world: World) -> None:
    """Programs before 0.3 wrote no chain in a revocation: such a line says that nothing counts."""
    line = msgspec.convert(
        {"serial": 1, "device": "0" * 16, "epoch": "a" * 16, "trusted_n": 5, "reason": "旧"}, Revocation
    )
    with world.county.context.write() as unit:
        revoking.take_over(unit, [line])
        assert standing.cuts_of(unit.connection, "0" * 16) == {}
        revoking.take_over(unit, [])
    assert enrolled.REVOKED == "revoked"
