"""记录分叉: one device, two stories (its disk was cloned or restored); the county says which goes on, both survive.

The branch that goes on is the chain under the device's own epoch: later packages continue it. The other one stands in
the journal as a chain of its own, named after its first entry, and either counts as well or is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, update

from jzdesk.core.chain import WITHHELD_START
from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.merge import WITHHELD, Entry, decode
from jzdesk.models import SPECS
from jzdesk.services import identity
from jzdesk.services.arriving import FORK, REASONS, arrive
from jzdesk.services.context import Context
from jzdesk.services.ledger import OPS
from jzdesk.services.merging import MergeService, file_digest, is_county, licence_of, take_package
from jzdesk.services.telling import fields_of, note
from jzdesk.store import claims, standing
from jzdesk.store import journal as book
from jzdesk.store.journal import Chain
from jzdesk.store.tables import hold, package
from jzdesk.store.unit import Unit
from jzdesk.sync import branches
from jzdesk.sync.branches import Run
from jzdesk.sync.package import SUFFIX, PackageReader, open_package
from jzdesk.sync.stretch import Manifest, Numbered

OURS, THEIRS = "ours", "theirs"
EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class ForkLine:
    """A package that tells another story; `ruling` is "", "admitted" (it goes on) or "refused" (ours goes on)."""

    id: int
    school: str
    file: str
    number: int
    first_n: int
    last_n: int
    when: str
    ruling: str
    why: str

    @property
    def reason_label(self) -> str:
        """What it is, in Chinese."""
        return REASONS[FORK]

    @property
    def title(self) -> str:
        """What it is called in a list, beside its number."""
        return f"第 {self.number} 包"


@dataclass(frozen=True, slots=True)
class Branch:
    """One story: how many entries after the branching point, from when to when, by whom, and the first few of them."""

    entries: int
    first: str
    last: str
    who: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForkDetail:
    """Both stories side by side; `after` is the last entry they share, None when what lies between is not here.

    `missing` is then why not, in a sentence, and `first` the fork that has what lies between and is to be decided
    before this one, None when no waiting package has it.
    """

    line: ForkLine
    after: int | None
    ours: Branch
    theirs: Branch
    missing: str = ""
    first: ForkLine | None = None


class ForkService:
    """Shows forks and settles them."""

    def __init__(self, context: Context, merging: MergeService) -> None:
        self._context, self._merging = context, merging

    def waiting(self, *, decided: bool = False) -> list[ForkLine]:
        """Forks to decide in the order in which they can be: the oldest first, and of one computer the earlier part
        before the later one; with `decided` those that were."""
        query = select(hold).where(hold.c.reason == FORK)
        query = query.where(hold.c.ruling.is_not(None) if decided else hold.c.ruling.is_(None))
        with self._context.read() as connection:
            rows = connection.execute(query.order_by(hold.c.id)).all()
            return [_line(connection, row) for row in (rows if decided else _in_turn(rows))]

    def detail(self, number: int) -> ForkDetail:
        """Both branches of one fork; raises UserError."""
        with self._context.read() as connection:
            row = _row(connection, number)
            line, trunk = _line(connection, row), book.chain_of(connection, row.chain)
            with self._open(row) as reader:
                runs = branches.shared(connection, trunk, reader.manifest, reader.entries)
                after = branches.leaves_at(runs)
                first = None if runs else self._first(connection, row, reader.manifest)
                begin = reader.manifest.first_n - 1 if after is None else after
                ours = _branch(connection, _held_here(connection, trunk, begin), trunk.last_n - begin)
                theirs = _branch(
                    connection,
                    (entry for n, *_, entry in reader.entries() if n > begin and entry.op != WITHHELD),
                    reader.manifest.last_n - begin,
                )
        missing = "" if runs else _not_joined(first).sentence()
        return ForkDetail(line, after, ours, theirs, missing, first)

    def settle(self, number: int, continues: str, reason: str, *, keep_other: bool = True) -> None:
        """Decide which branch goes on, with the reason: "ours" (held first) or "theirs" (the package's).

        With `keep_other` the entries of the other branch count too, and differences become conflicts; without it
        they are set aside. Nothing is thrown away; what was parked and continues the chain now is taken in as well.
        Raises UserError.
        """
        if not is_county(self._context):
            raise UserError("分叉由县教育局裁定", "请在县站登录后再试。", "裁定")
        if not reason.strip():
            raise UserError("没有写明裁定的理由", "请写一句理由，例如“旧电脑已停用，以新电脑为准”。", "裁定")
        with self._context.read() as connection:
            row = _row(connection, number)
            if row.ruling:
                raise UserError("这个分叉已经裁定过了", "请刷新页面。", "裁定")
        with self._open(row) as reader, self._context.write() as unit:
            self._settle(unit, row, reader, continues, keep_other)
            values = {
                "ruling": "admitted" if continues == THEIRS else "refused", "why": reason.strip()[:200],
                "account": self._context.actor.account, "at": unit.clock.tick(),
            }  # fmt: skip
            unit.connection.execute(update(hold).where(hold.c.id == number).values(values))
        self._merging.take_waiting()
        self._context.store.catch_up()

    def _settle(self, unit: Unit, row: Row[Any], reader: PackageReader, continues: str, keep_other: bool) -> None:
        connection = unit.connection
        trunk = book.chain_of(connection, row.chain)
        runs = branches.shared(connection, trunk, reader.manifest, reader.entries)
        first = None if runs else self._first(connection, row, reader.manifest)
        if not runs and (first is not None or continues == THEIRS or keep_other):
            raise _not_joined(first)
        if runs:
            take = self._go_on_with if continues == THEIRS else self._put_beside
            take(unit, trunk, runs, reader, keep_other)
            claims.forget(connection, reader.manifest.package_id)  # the journal says whose its records are

    def _first(self, connection: Connection, row: Row[Any], manifest: Manifest) -> ForkLine | None:
        """The waiting fork whose package has the entry before this one."""
        n, before = manifest.first_n - 1, bytes.fromhex(manifest.chain_before)
        query = select(hold).where(hold.c.reason == FORK, hold.c.ruling.is_(None), hold.c.chain == row.chain)
        query = query.where(hold.c.id != row.id, hold.c.first_n <= n, hold.c.last_n >= n)
        for other in _in_turn(connection.execute(query.order_by(hold.c.id)).all()):
            with suppress(UserError), self._open(other) as reader:  # what cannot be opened cannot be decided either
                if any(h == before for number, h, *_ in reader.entries() if number == n):
                    return _line(connection, other)
        return None

    def _go_on_with(
        self, unit: Unit, trunk: Chain, runs: Sequence[Run], reader: PackageReader, keep_other: bool
    ) -> None:
        """What we hold after the branching point steps aside; the package goes on from there."""
        if standing.cuts_of(unit.connection, trunk.dev) is not None:
            raise UserError("这台电脑已吊销，不能让另一支继续", "请先在“学校与证书”里撤销吊销，再裁定分叉。", "分叉")
        if branches.is_cut(unit.connection, trunk):
            raise UserError("这台电脑有撤回的包，要先处理", "请先把它们“重新并入”，再裁定分叉。", "分叉")
        aside = branches.in_front(unit, trunk, runs, reader.manifest, licence_of(self._context, reader))
        if aside is not None and not keep_other:
            branches.set_aside(unit, aside, self._context.actor.account)
        self._take(unit, reader, reader.manifest, reader.entries())

    def _put_beside(
        self, unit: Unit, trunk: Chain, runs: Sequence[Run], reader: PackageReader, keep_other: bool
    ) -> None:
        """What we hold goes on; the package's branch becomes a chain of its own."""
        found = branches.beside(unit, trunk, runs, reader.manifest, reader.entries)
        if found is None:
            return
        manifest, entries = found
        if keep_other:
            self._take(unit, reader, manifest, entries)
        else:
            arrived = arrive(unit, manifest, entries, licence_of(self._context, reader))
            branches.set_aside(unit, arrived.fresh, self._context.actor.account)

    def _take(self, unit: Unit, reader: PackageReader, manifest: Manifest, entries: Iterable[Numbered]) -> None:
        name, path = self._name(unit.connection, reader), self._kept(manifest.package_id)
        take_package(self._context, unit, reader, manifest, entries, name, file_digest(path))

    def _kept(self, package_id: str) -> Path:
        return self._context.folder.sub("fork") / f"{package_id}{SUFFIX}"

    def _name(self, connection: Connection, reader: PackageReader) -> str:
        query = select(package.c.file).where(package.c.package_id == reader.manifest.package_id)
        return str(connection.execute(query.limit(1)).scalar_one())

    def _open(self, row: Row[Any]) -> PackageReader:
        """The kept file, verified anew; raises UserError."""
        kept = self._kept(row.package_id)
        if not kept.exists():
            raise UserError("分叉的数据包文件不在本机了", "请让学校再送一次这个数据包。", kept.name)
        return open_package(kept, identity.opening_keys(self._context), self._merging.trust())


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(hold).where(hold.c.id == number, hold.c.reason == FORK)).first()
    if row is None:
        raise UserError("没有这个分叉", "请刷新“待裁定的记录”，按其中的编号办理。", str(number))
    return row


def _line(connection: Connection, row: Row[Any]) -> ForkLine:
    query = select(package).where(package.c.package_id == row.package_id).order_by(package.c.id).limit(1)
    came = connection.execute(query).one()
    return ForkLine(
        row.id, came.school, came.file, came.number, row.first_n, row.last_n, moment(came.at), row.ruling or "",
        row.why or "",
    )  # fmt: skip


def _in_turn(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Forks, oldest first; those of one chain stay together, by where their packages begin."""
    oldest: dict[int, int] = {}
    for row in rows:
        oldest[row.chain] = min(row.id, oldest.get(row.chain, row.id))
    return sorted(rows, key=lambda row: (oldest[row.chain], row.first_n, row.id))


def _not_joined(first: ForkLine | None) -> UserError:
    if first is not None:
        return UserError(
            f"这一支接在{first.title}的一支（编号 {first.id}）后面，那一支还没有裁定",
            f"请先裁定编号 {first.id}，再裁定这一支。",
        )
    return UserError(
        "这一支中间缺少记录，接不上，现在只能先保存",
        "请让学校从那台电脑导出缺的包，或选“原来的继续，另一支搁置”。",
    )


def _held_here(connection: Connection, trunk: Chain, after: int) -> Iterator[Entry]:
    for _, _, body in book.stretch(connection, trunk.id, after):
        if not body.startswith(WITHHELD_START):  # erased since
            yield decode(body)


def _branch(connection: Connection, entries: Iterator[Entry], count: int) -> Branch:
    first = last = 0
    who: dict[str, None] = {}
    met: dict[str, str] = {}
    examples: list[str] = []
    for entry in entries:
        first, last = first or entry.at, entry.at
        who[entry.actor] = None
        if len(examples) < EXAMPLES:
            examples.append(_example(connection, entry, met))
    times = (moment(first), moment(last)) if first else ("", "")
    return Branch(max(count, 0), *times, tuple(islice(who, EXAMPLES)), tuple(examples))


def _example(connection: Connection, entry: Entry, met: dict[str, str]) -> str:
    """An entry in a few words; `met` has the titles of records that earlier ones of the branch spoke of."""
    spec = SPECS.get(entry.ent)
    if spec is None:
        return entry.ent
    told = fields_of(connection, spec, {name: entry.set[name] for name in entry.set if name in spec.fields}, met)
    note(connection, spec, entry, met)
    return f"{OPS.get(entry.op, entry.op)}{spec.label}：{'，'.join(f'{label} {text}' for label, text in told[:3])}"
