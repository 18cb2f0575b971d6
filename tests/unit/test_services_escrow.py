"""The county's computer is gone: a backup and a sheet of paper bring it back, and no school has to ask anew."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.errors import UserError
from jzdesk.models import School
from jzdesk.services import identity, moving
from jzdesk.services.bundle import Services
from jzdesk.services.rotating import CountyKeys
from jzdesk.services.stations import open_station
from jzdesk.sync import escrow, sealing
from jzdesk.sync.keys import StationKeys
from tests.factories.packages import members_of
from tests.factories.stations import PASSWORD
from tests.factories.world import World, names, new_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def adopted(world: World) -> str:
    """A paper key in use at the county."""
    key = world.county.escrow.draw()
    assert world.county.escrow.adopt(key.secret).mark == key.mark
    return key.secret


def come_back(world: World, backup: Path, secret: str) -> Services:
    """The county on a new computer; the old one is gone."""
    world.county.close()
    shutil.rmtree(world.county.context.folder.path)
    folder = world.stick.parent / "new county"
    moving.move_in(folder, backup, PASSWORD, escrow=secret)
    world.county = open_station(folder, PASSWORD)
    return world.county


def test_the_county_comes_back_and_no_school_has_to_ask_anew(world: World) -> None:
    world.hand_in("交过")
    secret = adopted(world)
    rotated: CountyKeys = world.county.rotating.rotate()
    backup = world.county.backups.make(world.stick).path
    world.save("在路上")
    on_the_way = world.export()
    device = world.county.info.device
    county = come_back(world, backup, secret)
    assert county.info.device == device
    assert county.rotating.look() == rotated
    assert world.merge(on_the_way) == ["applied"], "sealed to the key before: it opens as well"
    assert world.read().outcome == "read"
    world.hand_in("以后交的")
    assert world.read().outcome == "read"
    assert names(county) == {"交过", "在路上", "以后交的"}
    assert world.school.exchange.pending().unacknowledged == 0
    world.same()


def test_a_new_epoch_leaves_behind_what_the_lost_computer_wrote_after_its_backup(world: World) -> None:
    world.hand_in("一")
    secret = adopted(world)
    backup = world.county.backups.make(world.stick).path
    epoch = world.county.context.store.own_chain().ep
    with world.county.context.write() as unit:
        unit.add(School, {"code": "2143990099", "name": "备份以后加的学校"})
    assert world.read().outcome == "read"
    county = come_back(world, backup, secret)
    assert county.context.store.own_chain().ep != epoch
    county.county.write_receipts(world.stick)
    world.hand_in("二")
    assert world.read().outcome == "read"
    assert county.verify().ok


def test_packages_open_with_the_paper_key_and_stock_tools_once_a_receipt_told_of_it(world: World) -> None:
    world.hand_in("一")
    secret = adopted(world)
    world.save("二")
    (before,) = [data for name, data in members_of(world.export()).items() if name.endswith(".age")]
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(before, [pyrage.x25519.Identity.from_str(secret)])
    outcome = world.read()
    assert "托管钥匙" in outcome.sentence
    assert "校验字" not in outcome.sentence, "the county's keys are the same"
    world.save("三")
    path = world.export()
    (after,) = [data for name, data in members_of(path).items() if name.endswith(".age")]
    assert b"\xe4\xb8\x89" in sealing.open_sealed(after, secret)
    assert world.merge(path) == ["applied"]
    assert "托管钥匙" not in world.read().sentence, "it is told once"


def test_a_school_that_missed_the_paper_key_and_the_new_keys_learns_both_at_once(world: World) -> None:
    world.hand_in("一")
    first = adopted(world)
    world.county.rotating.rotate()
    second = adopted(world)
    assert first != second
    assert world.read().outcome == "read"
    card = identity.county_card(world.school.context)
    assert card == identity.county_card(world.county.context)
    assert card.escrow == sealing.recipient_of(second)
    assert len(world.county.rotating.look().earlier) == 1, "a paper key is no change of the county's keys"
    world.hand_in("二")
    world.same()


def test_a_file_on_the_stick_tells_schools_without_a_receipt(world: World) -> None:
    secret = adopted(world)
    path = world.county.rotating.write(world.stick)
    assert "托管钥匙" in world.read(path).sentence
    assert identity.county_card(world.school.context).escrow == sealing.recipient_of(secret)
    assert world.read(path).outcome == "old"


def test_the_paper_is_checked_against_what_it_has_to_open(world: World) -> None:
    service = world.county.escrow
    with pytest.raises(UserError, match="没有县密钥的托管副本"):
        service.check(service.draw().secret)
    secret = adopted(world)
    spoken = " ".join(escrow.groups(secret)).lower()
    assert service.check(spoken).mark == service.look().mark
    with pytest.raises(UserError, match="打不开"):
        service.check(service.draw().secret)
    with pytest.raises(UserError, match="输错"):
        service.check(secret[:-1] + ("Q" if secret[-1] != "Q" else "P"))
    with pytest.raises(UserError, match="58 位，输入了 4 位"):
        service.check("ABCD")
    again = adopted(world)
    with pytest.raises(UserError, match="打不开"):
        service.check(secret)
    assert service.check(again).since


def test_a_copy_that_lacks_a_pair_is_written_anew_when_the_paper_is_checked(world: World) -> None:
    secret = adopted(world)
    path = world.county.context.folder.escrow
    old = path.read_bytes()
    world.county.rotating.rotate()
    assert len(escrow.read_copy(path, secret).keys) == 2
    path.write_bytes(old)
    world.county.escrow.check(secret)
    assert len(escrow.read_copy(path, secret).keys) == 2


def test_nothing_of_the_paper_key_stays_on_the_computer(world: World) -> None:
    secret = adopted(world)
    world.county.backups.make(world.stick)
    world.county.close()
    body = secret.removeprefix(escrow.PREFIX).encode()
    for path in world.stick.parent.rglob("*"):
        assert not path.is_file() or body not in path.read_bytes()


@pytest.mark.parametrize("secret", ["", "ABCD", None])
def test_without_the_right_paper_nothing_is_restored(world: World, secret: str | None) -> None:
    adopted(world)
    backup = world.county.backups.make(world.stick).path
    folder = world.stick.parent / "new"
    with pytest.raises(UserError):
        moving.move_in(folder, backup, PASSWORD, escrow=sealing.new_identity() if secret is None else secret)
    assert not list(folder.glob("*"))


def test_a_backup_from_before_the_paper_key_says_that_it_has_no_copy(world: World) -> None:
    backup = world.county.backups.make(world.stick).path
    secret = adopted(world)
    with pytest.raises(UserError, match="没有县密钥的托管副本"):
        moving.move_in(world.stick.parent / "new", backup, PASSWORD, escrow=secret)


def test_only_the_county_has_a_paper_key(world: World) -> None:
    with pytest.raises(UserError, match="由县教育局设"):
        world.school.escrow.draw()


@given(st.text(max_size=80))
def test_what_is_typed_is_a_key_or_a_sentence(text: str) -> None:
    with suppress(UserError):
        assert sealing.recipient_of(escrow.typed(text))


@given(st.binary(max_size=300))
def test_a_damaged_copy_is_a_sentence(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    secret, path, pair = sealing.new_identity(), tmp_path_factory.mktemp("copy") / "a.age", StationKeys.generate()
    escrow.write_copy(path, escrow.Copy("431099", (pair,), ()), sealing.recipient_of(secret))
    whole = path.read_bytes()
    assert escrow.read_copy(path, secret).keys[0].device == pair.device
    path.write_bytes(junk + whole[len(junk) :])
    if path.read_bytes() != whole:
        with pytest.raises(UserError):
            escrow.read_copy(path, secret)


def test_the_sheet_has_the_whole_key_and_its_mark(world: World, tmp_path: Path) -> None:
    key = world.county.escrow.draw()
    assert world.county.escrow.print_sheet(key, tmp_path / "a.pdf") == 1
    said = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], check=True, capture_output=True)
    plain = "".join(said.stdout.decode().split())
    assert key.mark in plain
    assert escrow.PREFIX in plain
    assert "".join(escrow.groups(key.secret)) in plain
