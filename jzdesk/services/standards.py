"""Programmes and dated standards: the county lays them down, schools read what came down from the county."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.term import Term
from jzdesk.models import Programme, Standard
from jzdesk.policy import catalogue
from jzdesk.policy.decision import CASH
from jzdesk.services.context import Context
from jzdesk.services.pupils import table_of
from jzdesk.store.unit import Changes

PROGRAMME, STANDARD = table_of(Programme), table_of(Standard)
_KEY = ("programme", "stage", "boarding", "valid_from", "tier")


@dataclass(frozen=True, slots=True)
class Learned:
    """How many programmes and standards were new."""

    programmes: int
    standards: int
    changes: Changes


@dataclass(frozen=True, slots=True)
class StandardLine:
    """One standard in force: `fen` a term, None where the amount is not laid down centrally; the rest for display."""

    uid: str
    programme: str
    programme_name: str
    channel_label: str
    stage: str
    boarding: str
    fen: Fen | None
    amount: str
    since: str
    until: str
    source: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Book:
    """What the county has laid down, as the rules read it."""

    programmes: tuple[catalogue.Programme, ...]
    standards: tuple[catalogue.Standard, ...]

    @property
    def cash(self) -> frozenset[str]:
        """Codes of the programmes that are paid in cash by the school."""
        return frozenset(one.code for one in self.programmes if one.channel == CASH)

    def name(self, programme: str) -> str:
        """The name of a programme, or its code when it is unknown here."""
        return next((one.name for one in self.programmes if one.code == programme), programme)


class StandardService:
    """Lays down and lists standards."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def learn(self, *, seed: bool = False) -> Learned:
        """Take over the programmes and standards shipped with the program, or with `seed` those of 2017.

        Only what is missing is added: what the county has changed or voided stays as it is. UserError elsewhere
        than at the county.
        """
        if self._context.info.kind != "county":
            raise UserError("资助标准由县教育局维护", "请读取县里的证书或回执来获得标准。", "资助标准")
        with self._context.write() as unit:
            programmes = _missing_programmes(unit.connection, catalogue.programmes(seed))
            standards = _missing_standards(unit.connection, catalogue.standards(seed))
            unit.add_many(Programme, programmes)
            unit.add_many(Standard, standards)
        return Learned(len(programmes), len(standards), unit.changes)

    def standards(self, term: str) -> list[StandardLine]:
        """The standards in force in the term, by programme and stage."""
        when = Term.parse(term)
        with self._context.read() as connection:
            book = read_book(connection)
            rows = _standard_rows(connection)
        channels = {one.code: one.channel for one in book.programmes}
        found = [_line(row, book, channels) for row in rows if as_standard(row).holds_in(when)]
        return sorted(found, key=lambda line: (line.programme, line.stage, line.boarding))


def read_book(connection: Connection) -> Book:
    """The programmes and standards recorded here; both may be empty."""
    rows = connection.execute(select(PROGRAMME).where(PROGRAMME.c.hidden == 0)).mappings()
    order = {one.code: place for place, one in enumerate(catalogue.programmes())}
    programmes = sorted((_as_programme(row) for row in rows), key=lambda one: (order.get(one.code, 999), one.code))
    return Book(tuple(programmes), tuple(as_standard(row) for row in _standard_rows(connection)))


def required_book(connection: Connection) -> Book:
    """As `read_book`; raises UserError with the remedy when nothing came down from the county yet."""
    book = read_book(connection)
    if not book.programmes or not book.standards:
        raise UserError(
            "本站还没有县里的资助项目和标准，不能认定",
            "请在“数据交换”里读取县里发来的证书或回执文件，标准会随文件下发；还没有时请联系县资助中心。",
            "资助标准",
        )
    return book


def _standard_rows(connection: Connection) -> list[Mapping[str, Any]]:
    query = select(STANDARD).where(STANDARD.c.hidden == 0).order_by(STANDARD.c.programme, STANDARD.c.valid_from)
    return [dict(row) for row in connection.execute(query).mappings()]


def _as_programme(row: Mapping[Any, Any]) -> catalogue.Programme:
    return catalogue.Programme(
        row["code"], row["name"], row["family"], row["payer"] or "", row["channel"], row["source"] or ""
    )


def as_standard(row: Mapping[str, Any]) -> catalogue.Standard:
    """A stored standard as the rules read it."""
    return catalogue.Standard(
        programme=row["programme"],
        stage=row["stage"],
        boarding=row["boarding"] or "",
        valid_from=Term.parse(row["valid_from"]),
        valid_to=Term.parse(row["valid_to"]) if row["valid_to"] else None,
        fen_per_term=None if row["fen"] is None else Fen(row["fen"]),
        source=row["source"] or "",
        certainty=row["certainty"] or "",
        tier=row.get("tier") or "",
    )


def _missing_programmes(connection: Connection, wanted: tuple[catalogue.Programme, ...]) -> list[Mapping[str, Value]]:
    known = set(connection.execute(select(PROGRAMME.c.code)).scalars())
    return [
        {
            "code": one.code, "name": one.name, "family": one.family, "payer": one.payer or None,
            "channel": one.channel, "source": one.source or None,
        }
        for one in wanted
        if one.code not in known
    ]  # fmt: skip


def _missing_standards(connection: Connection, wanted: tuple[catalogue.Standard, ...]) -> list[Mapping[str, Value]]:
    """Voided ones count as known: what the county took away does not come back."""
    known = {_key(dict(row)) for row in connection.execute(select(STANDARD)).mappings()}
    rows = [_standard_values(one) for one in wanted]
    return [row for row in rows if _key(row) not in known]


def _standard_values(one: catalogue.Standard) -> dict[str, Value]:
    values: dict[str, Value] = {
        "programme": one.programme, "stage": one.stage, "boarding": one.boarding or None,
        "valid_from": str(one.valid_from), "valid_to": str(one.valid_to) if one.valid_to else None,
        "fen": one.fen_per_term, "source": one.source or None, "certainty": one.certainty or None,
        "tier": one.tier or None,
    }  # fmt: skip
    return {name: value for name, value in values.items() if name in Standard.spec.fields}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in _KEY if name in Standard.spec.fields)


def _line(row: Mapping[str, Any], book: Book, channels: Mapping[str, str]) -> StandardLine:
    fen = None if row["fen"] is None else Fen(row["fen"])
    one = as_standard(row)
    tier = f"（第{one.tier}档）" if one.tier and one.tier != catalogue.AVERAGE else ""
    mean = "（平均标准）" if one.tier == catalogue.AVERAGE else ""
    return StandardLine(
        uid=row["uid"],
        programme=one.programme,
        programme_name=f"{book.name(one.programme)}{tier}{mean}",
        channel_label=channel_label(channels.get(one.programme, "")),
        stage=codes.table("stage").label(one.stage),
        boarding=codes.table("boarding").label(one.boarding) if one.boarding else "",
        fen=fen,
        amount="按当地公布标准" if fen is None else format_yuan(fen),
        since=one.valid_from.label,
        until=one.valid_to.label if one.valid_to else "",
        source=one.source,
        certainty=one.certainty,
    )


def channel_label(channel: str) -> str:
    """现金补助, 供餐, 减免, 贷款 or 他部门发放."""
    return Programme.spec["channel"].show(channel) if channel else ""
