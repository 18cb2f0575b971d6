"""The county changes its keys: schools follow the signatures, and nothing else makes them trust another key."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

import msgspec
import pytest

from jzdesk.core.errors import UserError
from jzdesk.services import county_keys, identity
from jzdesk.services.backups import restore
from jzdesk.services.stations import open_station
from jzdesk.sync import sshsig
from jzdesk.sync.certificate import issue
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.succession import Link, follow, hand_over, write_successions
from tests.factories.packages import members_of, pack
from tests.factories.stations import PASSWORD, certify, new_school
from tests.factories.world import World, new_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def pinned(world: World) -> str:
    return world.school.exchange.standing().county_fingerprint


def test_a_receipt_leads_a_school_to_the_new_key_and_shows_its_characters(world: World) -> None:
    world.hand_in("一")
    old = pinned(world)
    keys = world.county.rotating.rotate()
    assert keys.earlier[0][0] == old
    assert keys.fingerprint == world.county.exchange.fingerprint() != old
    outcome = world.read()
    assert outcome.outcome == "read"
    assert keys.fingerprint in outcome.sentence
    assert pinned(world) == keys.fingerprint
    assert world.serial() == 2, "a certificate signed with the new key came along"
    world.hand_in("二")
    assert "换了密钥" not in world.read().sentence
    world.same()


def test_a_school_that_does_not_know_yet_is_read_as_before(world: World) -> None:
    world.save("一")
    before = world.export()
    world.county.rotating.rotate()
    world.save("二")
    after = world.export()
    assert world.merge(before, after) == ["applied", "applied"]
    assert world.read().outcome == "read"
    world.same()


def test_two_changes_in_a_row_reach_a_school_that_missed_the_first(world: World) -> None:
    world.hand_in("一")
    world.county.rotating.rotate()
    second = world.county.rotating.rotate()
    assert len(second.earlier) == 2
    path = world.receipt()
    assert sum(name.startswith("succession-") for name in members_of(path)) == 4
    assert world.read(path).outcome == "read"
    assert pinned(world) == second.fingerprint
    third = world.county.rotating.rotate()
    world.hand_in("二")
    world.read()
    assert pinned(world) == third.fingerprint
    world.same()


def test_a_file_on_the_stick_does_for_schools_without_a_receipt(world: World) -> None:
    with pytest.raises(UserError, match="还没有换过"):
        world.county.rotating.write(world.stick)
    keys = world.county.rotating.rotate()
    path = world.county.rotating.write(world.stick)
    before = world.school.verify()
    (outcome,) = world.school.exchange.read_receipts([world.stick])
    assert (outcome.outcome, outcome.file) == ("read", path.name)
    assert pinned(world) == keys.fingerprint
    assert world.read(path).outcome == "old"
    assert world.school.verify() == before
    assert world.merge(world.export()) == ["applied"]


def test_a_new_certificate_by_file_leads_there_too(world: World) -> None:
    keys = world.county.rotating.rotate()
    path = world.county.county.renew(world.device, world.stick)
    assert world.school.exchange.take_certificate(path, keys.fingerprint) == keys.fingerprint
    assert pinned(world) == keys.fingerprint
    other = new_school(world.stick.parent / "other", "2143990002")
    certify(other, world.county, world.stick.parent)
    assert other.exchange.standing().county_fingerprint == keys.fingerprint


def test_entries_that_are_returned_are_believed_by_a_school_that_missed_the_change(world: World) -> None:
    world.hand_in("一")
    world.county.rotating.rotate()
    (path,) = world.county.county.return_entries(world.device, world.stick)
    assert world.read(path).outcome == "old", "we have them all, and the signature was good"


def _state(world: World) -> tuple[object, ...]:
    school = world.school
    return school.verify(), school.exchange.pending(), school.context.store.setting("county"), world.serial()


def test_a_succession_signed_by_somebody_else_changes_nothing(world: World) -> None:
    world.hand_in("一")
    card, stranger = identity.county_card(world.county.context), StationKeys.generate()
    theirs = msgspec.structs.replace(card, signing=stranger.public.signing, sealing=stranger.public.sealing)
    honest = hand_over(identity.station_keys(world.county.context), theirs, dt.date(2026, 1, 1))
    forged = [
        hand_over(stranger, theirs, dt.date(2026, 1, 1)),
        Link(honest.raw, sshsig.sign(stranger.signing, sshsig.SUCCESSION, honest.raw)),
        Link(honest.raw.replace(b"2026-01-01", b"2026-01-02"), honest.signature),
        Link(honest.raw, sshsig.sign(identity.station_keys(world.county.context).signing, sshsig.RECEIPT, honest.raw)),
        Link(b"[]", honest.signature),
    ]
    before = _state(world)
    for number, link in enumerate(forged):
        path = world.stick / f"forged{number}.jzs"
        write_successions(path, [link])
        outcome = world.read(path)
        assert outcome.outcome == "refused", number
        assert "没有改动" in outcome.sentence or "签名" in outcome.sentence
        assert _state(world) == before
    receipt = members_of(world.receipt())
    links = {"succession-0001.json": forged[0].raw, "succession-0001.json.sig": forged[0].signature}
    assert world.read(pack(world.stick / "x.jzh", {**links, **receipt})).outcome == "refused"
    assert _state(world) == before


def test_a_succession_of_another_county_changes_nothing(world: World) -> None:
    """Even the true key cannot make a school belong elsewhere."""
    keys = identity.station_keys(world.county.context)
    card = msgspec.structs.replace(identity.county_card(world.county.context), county="431088")
    fresh = StationKeys.generate()
    card = msgspec.structs.replace(card, signing=fresh.public.signing, sealing=fresh.public.sealing)
    path = world.stick / "other.jzs"
    write_successions(path, [hand_over(keys, card, dt.date(2026, 1, 1))])
    before = _state(world)
    outcome = world.read(path)
    assert outcome.outcome == "refused"
    assert "另一个县" in outcome.sentence
    assert _state(world) == before


def test_a_key_that_was_given_up_signs_nothing_any_more(world: World) -> None:
    world.hand_in("一")
    old_receipt = world.receipt()
    old = identity.station_keys(world.county.context)
    world.county.rotating.rotate()
    world.read()
    before = _state(world)
    assert world.read(old_receipt).outcome == "refused"
    assert _state(world) == before
    held = identity.signed_certificate(world.school.context).certificate
    thief = StationKeys.generate()
    stolen = issue(
        msgspec.structs.replace(
            held, serial=99, device=thief.device, signing=thief.public.signing, sealing=thief.public.sealing
        ),
        old,
    )
    trust = world.county.merging.trust()
    from jzdesk.sync.certificate import verify_certificate

    with pytest.raises(UserError, match="不在县里的发证清单上"):
        verify_certificate(stolen.raw, stolen.signature, trust)


def test_the_keys_survive_a_restored_database(world: World) -> None:
    folder = world.county.info.folder
    backup = world.county.backups.make()
    keys = world.county.rotating.rotate()
    world.county.close()
    restore(folder, backup.path, PASSWORD)
    world.county = open_station(folder, PASSWORD)
    assert world.county.rotating.look() == keys
    world.hand_in("一")
    assert world.read().outcome == "read"
    assert pinned(world) == keys.fingerprint


def test_a_change_cut_short_leaves_the_old_key_in_use(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world.county.rotating.look()
    with monkeypatch.context() as broken:
        broken.setattr(county_keys, "write_durably", _full)
        with pytest.raises(OSError, match="full"):
            world.county.rotating.rotate()
    assert world.county.rotating.look() == before
    world.hand_in("一")
    assert world.read().outcome == "read"
    assert world.county.rotating.rotate().earlier[0][0] == before.fingerprint


def _full(*_: object) -> None:
    raise OSError(28, "full")


def test_another_computer_of_the_county_says_which_key_it_lacks(world: World) -> None:
    world.county.rotating.rotate()
    folder = world.county.info.folder
    shutil.move(folder / county_keys.FOLDER, folder / "away")
    with pytest.raises(UserError, match="不在这台电脑上"):
        world.county.exchange.fingerprint()
    os.rename(folder / "away", folder / county_keys.FOLDER)  # noqa: PTH104
    assert world.county.rotating.look().earlier


def test_outsiders_get_every_key(world: World) -> None:
    world.county.rotating.rotate()
    signers, secret = world.county.county.export_keys(world.stick, with_identity=True)
    assert len(signers.read_text().splitlines()) == len(secret.read_text().splitlines()) == 2


def test_only_the_county_changes_its_keys(world: World) -> None:
    with pytest.raises(UserError, match="由县教育局更换"):
        world.school.rotating.rotate()


def test_following_is_a_matter_of_signatures_alone() -> None:
    from tests.factories.packages import World as Plain

    one = Plain()
    pairs = [one.county, *(StationKeys.generate() for _ in range(3))]
    cards = [
        msgspec.structs.replace(one.card(), signing=keys.public.signing, sealing=keys.public.sealing) for keys in pairs
    ]
    links = [hand_over(pairs[n], cards[n + 1], dt.date(2026, 1, n + 1)) for n in range(3)]
    for start in range(3):
        assert follow(links, pairs[start].public.signing) == cards[3]
    assert follow(links, pairs[3].public.signing) is None
    assert follow([], pairs[0].public.signing) is None
    with pytest.raises(UserError):
        follow([links[0], links[2]], pairs[0].public.signing)
    with pytest.raises(UserError):
        follow(links, StationKeys.generate().public.signing)
