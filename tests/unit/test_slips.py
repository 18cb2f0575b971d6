"""The receipt slip: acknowledges what the receipt would, is the county's alone, and says which line was typed wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core.errors import UserError
from jzdesk.models import Staff
from jzdesk.services import identity
from jzdesk.services.bundle import Services
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.slip import Reached, Slip, read_slip, write_slip
from tests.factories.stations import certify, new_school

COUNTY = StationKeys.generate()
REACHED = st.builds(
    Reached,
    st.binary(min_size=8, max_size=8).map(bytes.hex),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=16, max_size=16),
)
SLIPS = st.builds(
    Slip,
    st.integers(0, 2**32 - 1),
    st.binary(min_size=8, max_size=8).map(bytes.hex),
    st.lists(REACHED, max_size=4).map(tuple),
)


@given(slip=SLIPS)
@settings(max_examples=50, deadline=None)
def test_what_was_written_is_read_however_it_is_grouped(slip: Slip) -> None:
    lines = write_slip(slip, COUNTY.signing)
    typed = "\n".join(" ".join(line[at : at + 5] for at in range(0, len(line), 5)).lower() for line in lines)
    assert read_slip(typed, COUNTY.public.signing) == slip


@given(slip=SLIPS, place=st.integers(0, 10_000), by=st.integers(1, 31))
@settings(max_examples=50, deadline=None)
def test_one_wrong_letter_is_noticed_in_its_line(slip: Slip, place: int, by: int) -> None:
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    lines = write_slip(slip, COUNTY.signing)
    text = "".join(lines)
    at = place % len(text)
    wrong = alphabet[(alphabet.index(text[at]) + by) % 32]
    with pytest.raises(PackageRefused, match=f"第 {at // 27 + 1} 行"):
        read_slip(text[:at] + wrong + text[at + 1 :], COUNTY.public.signing)


def test_a_slip_of_another_county_and_half_a_slip_are_refused() -> None:
    lines = write_slip(Slip(3, "ab" * 8, ()), COUNTY.signing)
    with pytest.raises(PackageRefused, match="不是本县"):
        read_slip("".join(lines), StationKeys.generate().public.signing)
    with pytest.raises(PackageRefused, match="不全"):
        read_slip(lines[0], COUNTY.public.signing)
    with pytest.raises(PackageRefused, match="不全"):
        read_slip("", COUNTY.public.signing)


@pytest.fixture
def handed_in(certified: Services, county: Services, tmp_path: Path) -> Services:
    """A school whose package the county has merged; the receipt was lost."""
    stick = tmp_path / "stick"
    stick.mkdir()
    with certified.context.write() as unit:
        unit.add(Staff, {"name": "何老师"})
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    return certified


def letters(county: Services, device: str) -> str:
    with county.context.read() as connection:
        from jzdesk.store import journal

        chains = [known for known in journal.chains(connection) if known.dev == device]
    return "".join(write_slip(county.slips._slip(device, chains), identity.station_keys(county.context).signing))


def test_the_school_knows_from_the_slip_what_the_county_has(handed_in: Services, county: Services) -> None:
    assert handed_in.exchange.pending().unacknowledged == 1
    typed = letters(county, handed_in.info.device)
    taken = handed_in.slips.take(typed)
    assert (taken.number, taken.entries) == (1, 1)
    assert handed_in.exchange.pending().unacknowledged == 0
    assert handed_in.slips.take(typed).entries == 0
    assert handed_in.verify().ok


def test_the_receipt_itself_can_still_be_read_afterwards(handed_in: Services, county: Services, tmp_path: Path) -> None:
    handed_in.slips.take(letters(county, handed_in.info.device))
    assert [one.outcome for one in handed_in.exchange.read_receipts([tmp_path / "stick"])] == ["read"]


def test_a_slip_for_another_computer_changes_nothing(handed_in: Services, county: Services, tmp_path: Path) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    with pytest.raises(UserError, match="另一台电脑"):
        other.slips.take(letters(county, handed_in.info.device))


def test_the_page_carries_the_letters_and_what_became_of_the_packages(
    handed_in: Services, county: Services, tmp_path: Path
) -> None:
    import subprocess

    path = tmp_path / "回执单.pdf"
    assert county.slips.write(handed_in.info.device, path) == 1
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "青石镇中心小学" in text
    assert "已并入" in text
    plain = "".join(text.split())
    assert letters(county, handed_in.info.device)[:25] in plain
    with pytest.raises(UserError, match="还没有收到过"):
        county.slips.write("0" * 16, path)
