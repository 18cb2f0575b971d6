"""What the rules need to know about a pupil, and the part of it that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from jzdesk.core.money import ZERO, Fen
from jzdesk.core.term import Term


@dataclass(frozen=True, slots=True)
class HardshipFacts:
    """One hardship (code D01 to D99) with its closed interval of ISO days; None is open."""

    code: str
    valid_from: str | None = None
    valid_to: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the pupil has been granted already in the term: family of programmes and the school that pays.

    `fen` is what another school pays, 0 where that is not told; `paid` whether the money went out already.
    """

    family: str
    school: str
    programme: str = ""
    fen: Fen = ZERO
    paid: bool = False


@dataclass(frozen=True, slots=True)
class PupilFacts:
    """A pupil on the day on which the school confirms the term's list (reference §3.2).

    Codes of the tables stage, grade, boarding and student_status. `household` are hardship codes that the household
    as a whole carries in the term; `already` what any school has granted in the term; `tier` the recommended tier of
    a graded grant ("" where none was given).
    """

    uid: str
    stage: str
    grade: str
    boarding: str | None
    status: str
    hardships: tuple[HardshipFacts, ...] = ()
    rural: bool = True
    household: tuple[str, ...] = ()
    already: tuple[Claim, ...] = ()
    tier: str = ""


class Profile(NamedTuple):
    """Everything that decides, without the person: pupils of one profile share their findings.

    `hardships` are the codes active in the term, each once, sorted.
    """

    stage: str
    grade: str
    boarding: str
    status: str
    rural: bool
    hardships: tuple[str, ...]
    tier: str = ""


def profile_of(pupil: PupilFacts, term: Term) -> Profile:
    """The pupil's profile in `term`: of the dated hardships only those whose interval touches the term."""
    return Profile(
        pupil.stage,
        pupil.grade,
        pupil.boarding or "",
        pupil.status,
        pupil.rural,
        active_codes(pupil, term),
        pupil.tier,
    )


def active_codes(pupil: PupilFacts, term: Term) -> tuple[str, ...]:
    """Codes of the hardships, own and the household's, that touch the term; each once, sorted."""
    if not pupil.hardships and not pupil.household:
        return ()
    active = {one.code for one in pupil.hardships if term.overlaps(one.valid_from, one.valid_to)}
    return tuple(sorted(active.union(pupil.household)))
