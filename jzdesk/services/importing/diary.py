"""What each row of an import would do to the records: kept for a dry run only, so that an import pays nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jzdesk.core.fields import Value
from jzdesk.core.kinds import Reference
from jzdesk.models import Record

_Place = tuple[type[Record], str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one record, before and after, as people read it."""

    record: str
    field: str
    old: str
    new: str

    def sentence(self) -> str:
        """`家庭成员 宋琪亦 联系电话：（空）→ 13900000000`."""
        return f"{self.record} {self.field}：{self.old or '（空）'} → {self.new or '（空）'}"


@dataclass(slots=True)
class Diary:
    """Hears every change of the images; `turn` gives those since it was last asked and begins anew."""

    added: Counter[str] = field(default_factory=Counter)
    fresh: set[str] = field(default_factory=set)
    changed: dict[_Place, tuple[Value, Value]] = field(default_factory=dict)

    def add(self, entity: type[Record], uid: str) -> None:
        """A record is new."""
        self.added[entity.label] += 1
        self.fresh.add(uid)

    def change(self, entity: type[Record], uid: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> None:
        """Fields of a record have other values."""
        if uid not in self.fresh:
            for name, value in new.items():
                first = self.changed.get((entity, uid, name), (old.get(name), None))[0]
                self.changed[entity, uid, name] = (first, value)

    def turn(self, title: Callable[[str, Value], str]) -> tuple[str, tuple[Change, ...]]:
        """(what was added in words, what was changed); `title` names the record of an entity and a uid."""
        added = "、".join(f"{label} {count}" if count > 1 else label for label, count in self.added.items())
        changes = tuple(
            _change(entity, uid, name, old, new, title) for (entity, uid, name), (old, new) in self.changed.items()
        )
        self.added, self.changed = Counter(), {}
        return added, changes


def _change(
    entity: type[Record], uid: str, name: str, old: Value, new: Value, title: Callable[[str, Value], str]
) -> Change:
    spec = entity.spec[name]
    if isinstance(spec.kind, Reference):
        before, after = (title(spec.kind.entity, value) for value in (old, new))
    else:
        before, after = spec.show(old), spec.show(new)
    named = title(entity.__tablename__, uid)
    return Change(" ".join(dict.fromkeys((entity.label, named))), spec.label, before, after)
