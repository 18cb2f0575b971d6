"""The base of every synchronised record, and `field`, which says a column once for form, table, sheet and journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import Index, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.orm.decl_api import DeclarativeAttributeIntercept

from jzdesk.core.fields import Check, EntitySpec, FieldSpec
from jzdesk.core.kinds import Kind, Reference


class Record(DeclarativeBase, metaclass=DeclarativeAttributeIntercept):
    """One synchronised record: `uid` is random, `scope` the school (or county) it belongs to, `hidden` 1 when void.

    Subclasses set `label` (Chinese), `title` (fields that name a record to people), `owner`, `checks` and `managed`.
    """

    metadata = MetaData()
    label: ClassVar[str] = ""
    title: ClassVar[tuple[str, ...]] = ()
    owner: ClassVar[str] = "school"
    checks: ClassVar[tuple[Check, ...]] = ()
    managed: ClassVar[str] = ""
    indexed: ClassVar[tuple[tuple[str, ...], ...]] = ()
    spec: ClassVar[EntitySpec]

    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    scope: Mapped[str] = mapped_column(String(20))
    hidden: Mapped[int] = mapped_column(Integer, default=0)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        fields = dict(_specs(cls))
        cls.spec = EntitySpec(
            cls.__tablename__, cls.label, fields, cls.owner, cls.title, tuple(cls.checks), cls.managed
        )  # fmt: skip
        _index(cls)


def _specs(cls: type[Record]) -> Iterable[tuple[str, FieldSpec]]:
    """(name, spec) of every column declared with `field`."""
    for column in cls.__table__.columns:
        spec = column.info.get("spec")
        if isinstance(spec, FieldSpec):
            yield column.name, spec.named(column.name)


def _index(cls: type[Record]) -> None:
    """Index every reference, what the class asks for, and whose a record is: lists of a county come by school."""
    table = cls.__table__
    wanted = [(name,) for name, spec in cls.spec.fields.items() if isinstance(spec.kind, Reference)]
    if cls.owner == "school" and not any(columns[0] == "scope" for columns in cls.indexed):
        wanted.append(("scope",))
    for columns in (*wanted, *cls.indexed):
        Index("_".join(("ix", cls.__tablename__, *columns)), *(table.c[column] for column in columns))


def field(
    label: str,
    kind: Kind,
    *,
    required: bool = False,
    sensitive: bool = False,
    search: bool = False,
    aliases: tuple[str, ...] = (),
    hint: str = "",
    table: int = 0,
    wide: bool = False,
    readonly: bool = False,
) -> Mapped[Any]:
    """Declare a column together with everything people see of it (see `FieldSpec`).

    Columns are nullable in the database even when `required`: entries of one record can arrive one by one.
    """
    spec = FieldSpec(
        label, kind, "", required, sensitive, search, aliases, hint, table, wide, readonly
    )  # fmt: skip
    return mapped_column(Integer if kind.integer else String, nullable=True, info={"spec": spec})
