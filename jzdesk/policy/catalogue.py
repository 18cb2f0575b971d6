"""Programmes and dated standards as shipped; a county may lay down its own (reference §3.1)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from jzdesk.core.money import Fen
from jzdesk.core.resources import resource
from jzdesk.core.term import Term

AVERAGE = "average"  # the tier of a standard that is a mean over all pupils, never one pupil's amount


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme of aid. `channel`: cash, meal, waiver, loan or registered_elsewhere (see model `programme`)."""

    code: str
    name: str
    family: str
    payer: str
    channel: str
    source: str

    @property
    def seed(self) -> bool:
        """Whether it belongs to the county's plan of 2017."""
        return self.code.startswith("SEED_")


@dataclass(frozen=True, slots=True)
class Standard:
    """An amount a term, for a stage and a way of boarding ("" for any), from one term to another (None: open).

    `fen_per_term` is None where the amount is not laid down centrally. `tier` names the tier of a graded grant.
    """

    programme: str
    stage: str
    boarding: str
    valid_from: Term
    valid_to: Term | None
    fen_per_term: Fen | None
    source: str
    certainty: str
    tier: str = ""

    def holds_in(self, term: Term) -> bool:
        """Whether it is in force in `term`."""
        return self.valid_from <= term and (self.valid_to is None or term <= self.valid_to)


@cache
def programmes(seed: bool = False) -> tuple[Programme, ...]:
    """The programmes of today's policy, or with `seed` those of the county's plan of 2017."""
    return tuple(one for one in _programmes() if one.seed is seed)


def _programmes() -> Iterator[Programme]:
    for row in _rows("programmes.csv"):
        yield Programme(row["code"], row["name"], row["family"], row["payer"], row["channel"], row["source"])


@cache
def standards(seed: bool = False) -> tuple[Standard, ...]:
    """The standards that belong to `programmes(seed)`, in the order of the file."""
    codes = {one.code for one in programmes(seed)}
    return tuple(_standard(row) for row in _rows("standards.csv") if row["programme"] in codes)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with resource("policy", name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _standard(row: dict[str, str]) -> Standard:
    return Standard(
        programme=row["programme"],
        stage=row["stage"],
        boarding=row["boarding"],
        valid_from=Term.parse(row["valid_from"]),
        valid_to=Term.parse(row["valid_to"]) if row["valid_to"] else None,
        fen_per_term=Fen(int(row["fen_per_term"])) if row["fen_per_term"] else None,
        source=row["source"],
        certainty=row["certainty"],
        tier=row["tier"],
    )


class StandardBook:
    """The standards of one term, found by programme, stage, boarding and tier without a search."""

    def __init__(self, standards: Iterable[Standard], term: Term) -> None:
        self.term = term
        self._boarding: dict[str, str] = {}
        self._active: dict[tuple[str, str, str, str], Standard] = {}
        for one in standards:
            if self._boarding.setdefault(one.programme, one.boarding) != one.boarding:
                self._boarding[one.programme] = ""
            if one.holds_in(term):
                self._take(one)

    def _take(self, one: Standard) -> None:
        """Of two standards in force for the same thing the younger one counts."""
        key = (one.programme, one.stage, one.boarding, one.tier)
        known = self._active.get(key)
        if known is None or known.valid_from <= one.valid_from:
            self._active[key] = one

    def find(self, programme: str, stage: str, boarding: str = "", tier: str = "") -> Standard | None:
        """The standard in force, or None."""
        return self._active.get((programme, stage, boarding, tier))

    def boarding_of(self, programme: str) -> str:
        """The way of boarding a programme is meant for, by all of its standards; "" for any."""
        return self._boarding.get(programme, "")

    def tiers_of(self, programme: str, stage: str) -> tuple[str, ...]:
        """Tiers in force of a graded grant, without the average."""
        found = (key[3] for key in self._active if key[:2] == (programme, stage))
        return tuple(sorted(tier for tier in found if tier not in ("", AVERAGE)))
