"""How a school's station stands with the county: its certificate, the check characters, what has travelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jzdesk.core.errors import UserError

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.exchange import Pending


@dataclass(frozen=True, slots=True)
class StationState:
    """How the station stands: its certificate, its check characters and the county's, what has travelled."""

    county: str
    county_fingerprint: str
    expires: str
    fingerprint: str
    pending: Pending

    @property
    def certified(self) -> bool:
        """Whether a certificate was taken in."""
        return bool(self.expires)


def state_of(services: Services) -> StationState:
    """Read the state of a school's station."""
    from jzdesk.services import county, identity

    pending, mine = services.exchange.pending(), services.exchange.fingerprint()
    try:
        held = identity.signed_certificate(services.context).certificate
        card = identity.county_card(services.context)
    except UserError:
        return StationState("", "", "", mine, pending)
    theirs = county.fingerprint(card.signing, card.sealing)
    return StationState(card.county_name, theirs, held.expires.isoformat(), mine, pending)
