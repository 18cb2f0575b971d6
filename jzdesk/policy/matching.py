"""Holds the people of a department's list against a school's roll: by number, checked by name, then by family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jzdesk.core import citizen_id, pinyin
from jzdesk.core.text import normalise_name

MATCHED, NAME, ABSENT, ENDED, UNREAD = "matched", "name", "absent", "ended", "unread"
PILES = (MATCHED, NAME, ABSENT, ENDED, UNREAD)
_SCHOOL_AGES = range(3, 21)
_MOST_SUGGESTIONS = 6
_PARENTS = frozenset({"50", "51", "52", "57", "58", "59"})


class Pupil(NamedTuple):
    """A student as matching needs it; "" where the roll says nothing, `household` a uid."""

    uid: str
    name: str
    former_name: str = ""
    number: str = ""
    roll_number: str = ""
    birth: str = ""
    household: str = ""


class Kin(NamedTuple):
    """A member of a family: who, of which household, and to which students what (code of GB/T 4761)."""

    uid: str
    name: str
    number: str
    household: str = ""
    ties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """Who a row of a list is about. `fault` says why the row cannot be read; `household` is its 户编号."""

    name: str
    number: str = ""
    roll_number: str = ""
    household: str = ""
    fault: str = ""

    @property
    def birth(self) -> str:
        """ISO text from the number; "" without one."""
        number = lengthened(self.number)
        return f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if len(number) == 18 else ""


class Meant(NamedTuple):
    """A pupil that a row means; `via` names the relative whose number it is, `relation` what that one is (code)."""

    uid: str
    via: str = ""
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a row belongs (MATCHED, NAME, ABSENT or UNREAD), whom it means, and a sentence where one is needed.

    `family` is True when the pupils are meant through a relative or the number of their household; with ABSENT they are
    pupils of the household of somebody who should be on a roll.
    """

    pile: str
    pupils: tuple[Meant, ...] = ()
    says: str = ""
    family: bool = False


class Suggestion(NamedTuple):
    """A pupil who may be meant after all, and why one might think so."""

    uid: str
    why: str


_NOBODY = Found(ABSENT)


@dataclass(slots=True)
class Rollbook:
    """The roll of one school with the families, indexed once; every question afterwards is a look-up.

    `numbers` is household uid → 户编号.
    """

    pupils: Sequence[Pupil]
    kin: Sequence[Kin] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    by_uid: dict[str, Pupil] = field(init=False)
    _by_number: dict[str, Pupil] = field(init=False, default_factory=dict)
    _by_roll: dict[str, Pupil] = field(init=False, default_factory=dict)
    _by_name: dict[str, list[Pupil]] = field(init=False, default_factory=lambda: defaultdict(list))
    _by_birth: dict[str, list[Pupil]] = field(init=False, default_factory=lambda: defaultdict(list))
    _near: dict[str, list[Pupil]] = field(init=False, default_factory=dict)
    _of_household: dict[str, list[Pupil]] = field(init=False, default_factory=lambda: defaultdict(list))
    _kin: dict[str, Kin] = field(init=False, default_factory=dict)
    _numbered: dict[str, list[str]] = field(init=False, default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.by_uid = {one.uid: one for one in self.pupils}
        for one in self.pupils:
            self._index(one)
        for relative in self.kin:
            if relative.number:
                self._kin.setdefault(lengthened(relative.number), relative)
        for uid, number in self.numbers.items():
            self._numbered[number].append(uid)

    def find(self, row: Listed, tie: str = "household", day: str = "") -> Found:
        """Where the row belongs; `tie` as in the table of kinds: "household", "parent", or "" for nobody else.

        With `day`, a child who could be on a roll then stays a question: is it missing from the roll? The pupils of
        the same household are named with it, who may have a claim through it.
        """
        if row.fault:
            return Found(UNREAD, says=row.fault)
        if not row.number and not row.roll_number:
            return self._without_number(row)
        pupil = self._by_number.get(lengthened(row.number)) or self._by_roll.get(row.roll_number)
        if pupil is None and row.number:
            pupil = self._by_roll.get(f"G{row.number}")
        if pupil is not None:
            return _checked(row, pupil.name, (pupil.name, pupil.former_name), (Meant(pupil.uid),), family=False)
        found = self._by_family(row, tie) if tie else _NOBODY
        if day and row.birth and found.family and is_of_school_age(row, day):
            names = "、".join(self.by_uid[one.uid].name for one in found.pupils)
            sure = found.pupils if found.pile == MATCHED else ()
            return Found(ABSENT, sure, f"同户的{names}在本校，本人不在本校学籍", family=True)
        return found

    def at_home(self, found: Found, via: str) -> tuple[Meant, ...]:
        """The other pupils of the household of a pupil who is meant himself; `via` is the name on the list."""
        if found.pile != MATCHED or found.family:
            return ()
        homes = [(one.uid, self.by_uid[one.uid].household) for one in found.pupils]
        others = ((own, one.uid) for own, home in homes if home for one in self._of_household[home])
        return tuple(Meant(uid, via) for own, uid in others if uid != own)

    def called(self, name: str) -> list[Pupil]:
        """Pupils of that name, present or former."""
        return self._by_name.get(_plain(name), [])

    def suggest(self, row: Listed, number: str = "") -> list[Suggestion]:
        """Pupils who may be meant, likeliest first; `number` is a number that could not be accepted."""
        number = lengthened(row.number) or number
        found: dict[str, str] = {}
        birth = row.birth or _birth_of(number)
        for one in self.called(row.name):
            same = "姓名、出生日期都相同，证件号不同" if birth and birth == one.birth else ""
            if same:
                found.setdefault(one.uid, same)
        for one in self._nearly(number):
            found.setdefault(one.uid, "证件号只差一两位")
        for one in self._by_birth.get(birth, ()) if birth else ():
            if one.uid not in found and _sounds_alike(one.name, row.name):
                found[one.uid] = "出生日期相同，姓名同音或拼音首字母相同"
        for one in self.called(row.name):
            found.setdefault(one.uid, "同名，出生日期不同" if birth else "同名")
        return [Suggestion(uid, why) for uid, why in list(found.items())[:_MOST_SUGGESTIONS]]

    def _index(self, one: Pupil) -> None:
        if one.number:
            self._by_number.setdefault(lengthened(one.number), one)
        if one.roll_number:
            self._by_roll.setdefault(one.roll_number, one)
        for name in {_plain(one.name), _plain(one.former_name)} - {""}:
            self._by_name[name].append(one)
        if one.birth:
            self._by_birth[one.birth].append(one)
        if one.household:
            self._of_household[one.household].append(one)

    def _without_number(self, row: Listed) -> Found:
        """Nobody is matched by name alone; a namesake on the roll is for a person to look at."""
        if not self.called(row.name):
            return _NOBODY
        return Found(UNREAD, says="没有证件号码，本校学籍里有同名学生，无法核对")

    def _by_family(self, row: Listed, tie: str) -> Found:
        relative = self._kin.get(lengthened(row.number)) if row.number else None
        if relative is not None:
            meant = self._pupils_of(relative, tie)
            return _checked(row, relative.name, (relative.name,), meant, family=True) if meant else _NOBODY
        if tie == "household" and row.household:
            return self._by_household(row)
        return _NOBODY

    def _pupils_of(self, relative: Kin, tie: str) -> tuple[Meant, ...]:
        """The pupils whom the relative is near enough to."""
        tied = {
            uid: relation
            for uid, relation in relative.ties
            if uid in self.by_uid and (tie == "household" or relation in _PARENTS)
        }
        if tie == "household" and relative.household:
            for one in self._of_household.get(relative.household, ()):
                tied.setdefault(one.uid, "")
        return tuple(Meant(uid, relative.name, relation) for uid, relation in tied.items())

    def _by_household(self, row: Listed) -> Found:
        """People of the household that our records call by the same number."""
        meant = tuple(
            Meant(one.uid, row.name)
            for uid in self._numbered.get(row.household, ())
            for one in self._of_household.get(uid, ())
        )
        return Found(MATCHED, meant, family=True) if meant else _NOBODY

    def _nearly(self, number: str) -> list[Pupil]:
        """Pupils whose number differs in one digit (and so in the check character too)."""
        if len(number) != 18:
            return []
        if not self._near:
            self._near = _masked_all(self.pupils)
        return [one for key in _masked(number) for one in self._near.get(key, ()) if one.number != number]


def lengthened(number: str) -> str:
    """An old 15-digit number in its long form, so that both forms are one person; others as they are."""
    return citizen_id.lengthen(number) if len(number) == 15 and number.isdigit() else number


def is_of_school_age(row: Listed, day: str) -> bool:
    """Whether somebody of that birth could be on a roll on that day; True when the birth is not known."""
    if not row.birth:
        return True
    years = int(day[:4]) - int(row.birth[:4]) - (day[5:] < row.birth[5:])
    return years in _SCHOOL_AGES


def same_name(one: str, other: str) -> bool:
    """Whether two writings are one name: blanks and kinds of dot do not count."""
    return _plain(one) == _plain(other)


def _checked(row: Listed, shown: str, names: Iterable[str], meant: tuple[Meant, ...], *, family: bool) -> Found:
    if any(name and same_name(row.name, name) for name in names):
        return Found(MATCHED, meant, family=family)
    whose = "家庭成员" if family else "在册学生"
    return Found(NAME, meant, f"姓名与登记不一致：这个证件号的{whose}是“{shown}”", family)


def _plain(name: str) -> str:
    return normalise_name(name).replace("·", "").replace(" ", "").upper()


def _birth_of(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if len(number) == 18 else ""


def _masked(number: str) -> list[str]:
    """The number with each of its first 17 places left out in turn; the check character follows from them."""
    body = number[:17]
    return [f"{body[:place]}?{body[place + 1 :]}" for place in range(17)]


def _masked_all(pupils: Iterable[Pupil]) -> dict[str, list[Pupil]]:
    found: dict[str, list[Pupil]] = defaultdict(list)
    for one in pupils:
        if len(one.number) == 18:
            for key in _masked(one.number):
                found[key].append(one)
    return found


def _sounds_alike(one: str, other: str) -> bool:
    return bool(set(pinyin.readings(normalise_name(one))) & set(pinyin.readings(normalise_name(other))))
