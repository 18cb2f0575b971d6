"""How a school's station stands with the county: its certificate, the check characters, what has travelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.enrolled import Enrolled
    from jzdesk.services.exchange import Pending


@dataclass(frozen=True, slots=True)
class StationState:
    """How the station stands with its county, and what has travelled."""

    enrolled: Enrolled
    pending: Pending

    @property
    def certified(self) -> bool:
        """Whether a certificate was taken in."""
        return self.enrolled.certified


def state_of(services: Services) -> StationState:
    """Read the state of a school's station."""
    return StationState(services.exchange.standing(), services.exchange.pending())


def in_words(pending: Pending) -> Iterator[str]:
    """What no package has carried yet, ledger by ledger; the last contact; who can open our packages."""
    if pending.changed:
        yield f"还没有导出的记录：{'、'.join(f'{label} {count:,}' for label, count in pending.changed)}。"
    if pending.contact:
        yield pending.contact
    if pending.township:
        yield f"数据包除了县里，{pending.township}也能打开和转交。"
