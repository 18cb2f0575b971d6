"""One programme held against one profile: what rules look at, and the words of their answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jzdesk.core.codes import table
from jzdesk.core.money import ZERO, Fen, format_yuan
from jzdesk.policy.catalogue import Programme, Standard, StandardBook
from jzdesk.policy.decision import CASH, GRANTED, REFUSED, Finding
from jzdesk.policy.facts import Profile
from jzdesk.policy.hardship import by_priority

COMPULSORY = ("PRI", "JUN")
_SPECIAL_SCHOOL = "SPE"


def stage_of(profile: Profile) -> str:
    """The stage whose standard counts: a special school teaches primary and junior grades."""
    if profile.stage != _SPECIAL_SCHOOL:
        return profile.stage
    return table("grade").column(profile.grade, "stage") or _SPECIAL_SCHOOL


def label(code: str) -> str:
    """The label of a hardship."""
    return table("difficulty_type").label(code)


@dataclass(frozen=True, slots=True)
class Case:
    """A rule's question: does this profile get this programme in the term of the book?"""

    programme: Programme
    profile: Profile
    stage: str
    book: StandardBook

    def standard(self, boarding: str = "", tier: str = "") -> Standard | None:
        """The standard in force for the pupil's stage."""
        return self.book.find(self.programme.code, self.stage, boarding, tier)

    def grant(self, rule: str, standard: Standard, *reasons: str, basis: str | None = None) -> Finding:
        """Granted by `standard`; what is not cash keeps its worth apart."""
        cash = self.programme.channel == CASH
        fen = standard.fen_per_term
        return Finding(
            self.programme.code,
            self.programme.family,
            self.programme.channel,
            GRANTED,
            rule,
            (self._clause(standard), *reasons, *self._basis(basis), f"享受学期：{self.book.term.label}"),
            fen if cash and fen is not None else ZERO,
            basis,
            None if cash else fen,
        )

    def refuse(self, rule: str, *reasons: str, person: bool = False) -> Finding:
        """Refused because of `reasons`; `person` asks for a human decision."""
        programme = self.programme
        return Finding(programme.code, programme.family, programme.channel, REFUSED, rule, reasons, person=person)

    def no_standard(self) -> Finding:
        """The county has laid down no amount for the term."""
        stage = table("stage").label(self.stage)
        reason = f"{self.book.term.label}没有{stage}的{self.programme.name}标准，如有新文件请县资助中心录入标准"
        return self.refuse("standard.none", reason)

    def no_hardship(self) -> Finding:
        """Nobody has recognised a hardship for the term."""
        return self.refuse("hardship.none", f"{self.book.term.label}内没有有效的困难类型认定")

    def basis(self, allowed: Collection[str] | None = None) -> str | None:
        """The one hardship to grant on, by priority, among `allowed`."""
        for code in by_priority(self.profile.hardships):
            if allowed is None or code in allowed:
                return code
        return None

    def _clause(self, standard: Standard) -> str:
        amount = "按当地公布标准" if standard.fen_per_term is None else _per_term(standard.fen_per_term)
        stage = table("stage").label(standard.stage)
        since = f"自{standard.valid_from.label}起执行"
        return f"{self.programme.name}：{stage}{amount}，{since}（依据：{standard.source}）"

    def _basis(self, basis: str | None) -> tuple[str, ...]:
        if basis is None:
            return ()
        others = [label(code) for code in by_priority(self.profile.hardships) if code != basis]
        more = f"；另有{'、'.join(others)}，多重困难同一学期只享受一份" if others else ""
        return (f"享受依据：{label(basis)}{more}",)


def _per_term(fen: Fen) -> str:
    return f"每生每学期 {format_yuan(fen)} 元"
