"""The way down: what a restored school lost and the county still has (sync §5), and files of children who come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.services import county_keys, identity
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.transfers.carrying import take_file
from jzdesk.store import journal
from jzdesk.store.journal import GENESIS, Chain
from jzdesk.store.store import read_setting, write_setting
from jzdesk.sync import stick, succession
from jzdesk.sync.certificate import Certificate
from jzdesk.sync.merge import ANY_TIME, Fork, Gap, Licence, take
from jzdesk.sync.receipt import open_down, write_down
from jzdesk.sync.stretch import OpenedStretch


def restored_since(context: Context, device: str, chains: Sequence[Chain]) -> bool:
    """Whether the device has begun an epoch since the county last returned entries to it, and had one before."""
    seen = context.store.setting(_seen(device), [])
    had_one = len(chains) > 1 or any(known.dev != device for known in chains)  # or took a lost computer's place
    return had_one and {known.ep for known in chains} - set(seen) != set()


def return_entries(context: Context, held: Certificate, chains: Sequence[Chain], to: Path) -> list[Path]:
    """County: put every entry we hold of these epochs of a device onto the stick, for that device alone."""
    written = [_write(context, held, known, to) for known in chains if known.last_n]
    with context.store.local() as connection:
        known_epochs = set(read_setting(connection, _seen(held.device), []))
        write_setting(connection, _seen(held.device), sorted(known_epochs | {known.ep for known in chains}))
    return written


def _seen(device: str) -> str:
    return f"returned:{device}"


def _write(context: Context, held: Certificate, known: Chain, to: Path) -> Path:
    head = identity.head_of(context, known, after=0, before=GENESIS, number=known.packages + 1)
    head = msgspec.structs.replace(head, school=held.school, school_name=held.school_name)
    keys, folder = identity.station_keys(context), identity.letters(context)
    with context.read() as connection:
        bodies = (body for _, _, body in journal.stretch(connection, known.id, 0))
        links = succession.members(county_keys.successions(context))
        written = write_down(folder, head, bodies, keys, held.school, held.device, held.sealing, also=links)
    return stick.copy_to_stick(written.path, to)


def hand_down(context: Context, held: Certificate, known: Chain, lines: Iterable[bytes], to: Path) -> Path:
    """County: put one of its own earlier journals onto the stick, as far as the device's school may read it."""
    head = identity.head_of(context, known, after=0, before=GENESIS, number=known.packages + 1)
    keys, folder = identity.station_keys(context), identity.letters(context)
    links = succession.members(county_keys.successions(context))
    written = write_down(folder, head, lines, keys, held.school, held.device, held.sealing, also=links)
    return stick.copy_to_stick(written.path, to)


@dataclass(frozen=True, slots=True)
class CameDown:
    """What a way down brought: entries that were new here; `children` whose files came, None for our own journal;
    `county` when it is one of the county's own earlier journals."""

    entries: int
    children: int | None = None
    county: bool = False


def take_down(context: Context, path: Path) -> CameDown:
    """School: take in what the county returned, or the file of a child that has come here.

    Raises PackageRefused (not for this device, not signed by the county) and UserError.
    """
    local = stick.read_local_copy(path, context.folder.sub("received"))
    card = identity.county_card(context)
    with open_down(local, identity.station_keys(context), card.signing) as down:
        try:
            if down.manifest.school == card.county:
                return CameDown(_take_countys(context, down), county=True)
            if down.manifest.device not in _ours(context):
                return CameDown(*take_file(context, down))
            return CameDown(_take(context, down))
        except (Gap, Fork):
            raise UserError(
                "县里送来的记录与本机现有的对不上，可能有人在另一台电脑上用过本站的数据库",
                "本站没有改动。请联系县教育局一起核对，不要再从备份恢复。",
                path.name,
            ) from None


def _ours(context: Context) -> set[str]:
    """This computer, and those whose place it took."""
    with context.read() as connection:
        return {known.dev for known in journal.chains(connection) if known.own}


def county_licence() -> Licence:
    """The county may write policy, and settle what it finds in a school's records."""
    return Licence(frozenset({COUNTY_SCOPE}), "county", policy=True, latest=ANY_TIME)


def _take_countys(context: Context, down: OpenedStretch) -> int:
    with context.write() as unit:
        return take(unit, down.manifest, down.entries(), county_licence()).applied


def _take(context: Context, down: OpenedStretch) -> int:
    manifest = down.manifest
    licence = Licence(frozenset({context.author.scope}), context.info.kind, policy=False, latest=ANY_TIME, blanks=True)
    with context.write() as unit:
        counts = take(unit, manifest, down.entries(blanks=True), licence)
        known = journal.find_chain(unit.connection, manifest.device, manifest.epoch)
        assert known is not None
        reached = max(known.received_n, manifest.last_n)
        journal.mark_chain(unit.connection, known.id, received_n=reached, exported_n=max(known.exported_n, reached))
    return counts.applied
