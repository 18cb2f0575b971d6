"""The answer of a rule: granted or refused, how much, on what basis, and why."""

from __future__ import annotations

from dataclasses import dataclass

from jzdesk.core.money import ZERO, Fen

GRANTED = "granted"
REFUSED = "refused"
CASH = "cash"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one programme for every pupil of one profile.

    `outcome` is "granted" or "refused". `fen` is cash for the term and 0 unless the programme's channel is cash, so
    that sums of it never contain meals, waivers or loans; `worth` is the value of what is not cash, None where
    no amount is laid down. `basis` is the code of the one hardship granted on. `reasons` are Chinese sentences.
    `rule` is the machine-readable name of the clause that decided. `person` says that a human has to decide.
    """

    programme: str
    family: str
    channel: str
    outcome: str
    rule: str
    reasons: tuple[str, ...]
    fen: Fen = ZERO
    basis: str | None = None
    worth: Fen | None = None
    person: bool = False

    @property
    def payable(self) -> bool:
        """Whether the school pays cash for it."""
        return self.outcome == GRANTED and self.channel == CASH and self.fen > 0

    def sentence(self) -> str:
        """All reasons as one text."""
        return "；".join(self.reasons) + "。"


@dataclass(frozen=True, slots=True)
class Decision:
    """A finding for one pupil (uid) in one term (`2025-2026-1`)."""

    pupil: str
    term: str
    finding: Finding

    @property
    def programme(self) -> str:
        """Code of the programme."""
        return self.finding.programme

    @property
    def outcome(self) -> str:
        """ "granted" or "refused"."""
        return self.finding.outcome

    @property
    def fen(self) -> Fen:
        """Cash for the term in 分."""
        return self.finding.fen

    @property
    def basis(self) -> str | None:
        """Code of the hardship granted on."""
        return self.finding.basis

    @property
    def reasons(self) -> tuple[str, ...]:
        """Chinese sentences."""
        return self.finding.reasons

    @property
    def rule(self) -> str:
        """The clause that decided."""
        return self.finding.rule

    @property
    def payable(self) -> bool:
        """Whether the school pays cash for it."""
        return self.finding.payable
