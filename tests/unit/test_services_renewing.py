"""Certificates run out: who says so in time, how the next one arrives, and what becomes of what was signed before."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services import enrolled, identity, renewing
from jzdesk.services.renewing import YEARS_VALID
from jzdesk.sync.receipt import Signed
from jzdesk.sync.refusal import PackageRefused
from tests.factories.clocks import Turned
from tests.factories.stations import certify, new_county, new_school
from tests.factories.world import World, new_world

YEARS = YEARS_VALID * 365


@pytest.fixture
def clock() -> Turned:
    return Turned()


@pytest.fixture
def world(tmp_path: Path, clock: Turned) -> World:
    return new_world(tmp_path, clock.clock)


def receipt(world: World) -> str:
    outcome = world.read()
    assert outcome.outcome == "read", outcome.sentence
    return outcome.sentence


def test_a_receipt_brings_a_new_certificate_before_the_old_one_runs_out(world: World, clock: Turned) -> None:
    first = world.hand_in("一")
    assert "续期" not in receipt(world)
    assert world.serial() == 1
    clock.days = YEARS - 100
    before = world.school.info.device
    assert "续期" in receipt(world)
    held = identity.signed_certificate(world.school.context).certificate
    assert (held.serial, held.device, held.keys) == (2, before, identity.station_keys(world.school.context).public)
    assert [(line.serial, line.state) for line in world.county.county.issued()] == [("2", "good"), ("1", "replaced")]
    assert "续期" not in receipt(world)
    assert world.serial() == 2
    assert [one.outcome for one in world.county.merging.merge([first])] == ["duplicate"], "the old package verifies"
    world.save("二")
    assert [one.outcome for one in world.county.merging.merge([world.export()])] == ["applied"]
    world.same()


def test_the_school_is_told_in_time_and_again_when_it_is_too_late(world: World, clock: Turned) -> None:
    assert world.school.exchange.standing().cautions == ()
    clock.days = YEARS - 40
    (soon,) = world.school.exchange.standing().cautions
    assert "天到期" in soon.what
    assert not soon.grave
    assert "证书或电脑时钟有问题" in [todo.label for todo in world.school.home.summary().todos]
    assert "学校的证书已到期或快到期" in [todo.label for todo in world.county.home.summary().todos]
    clock.days = YEARS + 5
    (late,) = world.school.exchange.standing().cautions
    assert "到期" in late.what
    assert late.grave
    assert world.school.exchange.standing().days_left < 0


def test_a_package_of_an_expired_certificate_waits_for_the_renewal_and_is_then_read_as_it_is(
    world: World, clock: Turned
) -> None:
    world.save("一")
    clock.days = YEARS + 5
    package = world.export()
    before = world.county.verify()
    (refused,) = world.county.merging.merge([package])
    assert refused.outcome == "rejected"
    assert refused.reason is not None
    assert "到期" in refused.reason
    assert "续发证书" in refused.reason
    assert world.county.verify() == before
    path = world.county.county.renew(world.school.info.device, world.stick)
    assert [one.outcome for one in world.county.merging.merge([package])] == ["applied"]
    world.school.exchange.take_certificate(path)
    assert world.serial() == 2
    assert not [one for one in world.school.exchange.standing().cautions if "证书" in one.what]


def test_everything_that_runs_out_is_renewed_at_one_stroke(world: World, clock: Turned) -> None:
    assert world.county.county.renew_due(world.stick) == []
    clock.days = YEARS - 10
    (path,) = world.county.county.renew_due(world.stick)
    assert path.suffix == ".jzc"
    assert world.county.county.renew_due(world.stick) == []
    assert world.county.county.renew(world.school.info.device, world.stick).exists()
    assert len(world.county.county.issued()) == 2, "a second file carries the same new certificate"


def test_a_request_of_the_same_computer_is_a_renewal_too(world: World) -> None:
    path = world.county.county.issue(world.school.exchange.request(world.stick), world.stick)
    world.school.exchange.take_certificate(path)
    assert world.serial() == 2


def test_a_receipt_never_brings_somebody_elses_or_a_strangers_certificate(world: World, tmp_path: Path) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, world.county, tmp_path)
    theirs = renewing.paper(identity.signed_certificate(other.context))
    with pytest.raises(PackageRefused, match="另一台电脑"):
        enrolled.verified_renewal(world.school.context, theirs)
    stranger = new_county(tmp_path / "stranger")
    held = identity.signed_certificate(world.school.context)
    forged = renewing.paper(renewing.renew(stranger.context, held))
    with pytest.raises(PackageRefused, match="另一个县"):
        enrolled.verified_renewal(world.school.context, forged)
    bent = Signed(document=theirs.document + b" ", signature=theirs.signature)
    with pytest.raises(PackageRefused, match="签名"):
        enrolled.verified_renewal(world.school.context, bent)
    assert world.serial() == 1


def test_only_the_county_renews(world: World) -> None:
    with pytest.raises(UserError, match="只能在县教育局"):
        world.school.county.renew(world.school.info.device, world.stick)
    with pytest.raises(UserError, match="没有找到设备"):
        world.county.county.renew("0" * 16, world.stick)
