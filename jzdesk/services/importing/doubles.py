"""Who of a school may be the same child as a new pupil of a roll: the reasons of the form, found without a query each.

See `services/similar.py` for the reasons; here the children stand in memory, indexed by number, birth and telephone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from jzdesk.core import citizen_id
from jzdesk.core.fields import Value
from jzdesk.models import Guardian, Member, Student
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.image import Values
from jzdesk.services.similar import MOST, same_birth, same_number, same_phone

_AMONG = 400


class _Child(NamedTuple):
    """What the reasons look at."""

    uid: str
    name: Value
    former_name: Value
    pinyin: Value
    id_number: Value
    roll_number: Value


class Doubles:
    """The pupils of a school so far; those of a file join them row by row."""

    def __init__(self, desk: Desk) -> None:
        self._members = desk.image(Member).rows
        self._by: dict[str, dict[Value, list[_Child]]] = {
            way: defaultdict(list) for way in ("number", "birth", "phone")
        }
        ties: dict[Value, list[Value]] = defaultdict(list)
        for tie in desk.image(Guardian).rows.values():
            ties[tie["student"]].append(tie["member"])
        for uid, values in desk.image(Student).rows.items():
            self.add(uid, values, self._phones(ties[uid]))

    def add(self, uid: str, values: Values, phones: Iterable[Value]) -> None:
        """Make a pupil findable."""
        child = _Child(uid, *(values.get(name) for name in _Child._fields[1:]))
        keys: dict[str, Iterable[Value]] = {"number": _bodies(values), "birth": [values.get("birth")], "phone": phones}
        for way, known in keys.items():
            for key in known:
                if key is not None:
                    self._by[way][key].append(child)

    def like(self, values: Values, phones: Iterable[Value]) -> list[tuple[str, str]]:
        """(name, why) of the pupils who may be this one, the likeliest first."""
        found: dict[_Child, dict[int, str]] = defaultdict(dict)
        for body in _bodies(values):
            for child in self._by["number"].get(body, ())[:_AMONG]:
                weight, why = same_number(child, values)
                found[child][weight] = why
        for child in self._by["birth"].get(values.get("birth"), ())[:_AMONG]:
            found[child] |= same_birth(child, values)
        for phone in phones:
            for child in self._by["phone"].get(phone, ())[:_AMONG]:
                found[child] |= same_phone(child, values)
        why_of = {child: reasons for child, reasons in found.items() if reasons}
        best = sorted(why_of, key=lambda child: min(why_of[child]))[:MOST]
        return [(str(child.name), "，".join(said for _, said in sorted(why_of[child].items()))) for child in best]

    def _phones(self, members: Iterable[Value]) -> set[Value]:
        return {self._members[str(one)].get("phone") for one in members if str(one) in self._members}


def _bodies(values: Values) -> list[str]:
    """The number, and the one behind the letter of the roll number."""
    roll = str(values.get("roll_number") or "")
    return [str(body) for body in dict.fromkeys((values.get("id_number"), citizen_id.roll_body(roll))) if body]
