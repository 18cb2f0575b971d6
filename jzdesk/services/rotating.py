"""换县密钥: a new pair for the county, vouched for by the old one (sync §6, decision 21)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.services import county_keys, escrow, identity, package_log
from jzdesk.services.context import Context
from jzdesk.services.merging import is_county
from jzdesk.sync import stick, succession
from jzdesk.sync.keys import StationKeys, fingerprint_words

_NAME = "县密钥"


@dataclass(frozen=True, slots=True)
class CountyKeys:
    """The fingerprint the county goes by now, and those it went by earlier with the day each was given up (ISO)."""

    fingerprint: str
    earlier: tuple[tuple[str, str], ...]


class RotateService:
    """Changes the county's keys."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self) -> CountyKeys:
        """The keys in use, and the earlier ones, newest first."""
        pairs, links = county_keys.all_keys(self._context), county_keys.changes(self._context)
        days = [link.said.issued.isoformat() for link in reversed(links)]
        words = [fingerprint_words(keys.public) for keys in pairs]
        return CountyKeys(words[0], tuple(zip(words[1:], days, strict=False)))

    def rotate(self) -> CountyKeys:
        """Make a new pair, signed by the present one; from now on it signs, and the old one only opens."""
        self._check()
        context = self._context
        before, fresh = identity.station_keys(context), StationKeys.generate()
        card = msgspec.structs.replace(
            identity.county_card(context), signing=fresh.public.signing, sealing=fresh.public.sealing
        )
        county_keys.save(context, fresh)
        county_keys.hand_over(context, succession.hand_over(before, card, package_log.today(context)))
        escrow.keep_copy(context)
        return self.look()

    def write(self, to: Path) -> Path:
        """Put the successions onto the stick, for schools that got no receipt; raises UserError before the first."""
        self._check()
        links = county_keys.successions(self._context)
        if not links:
            raise UserError(
                "县里还没有换过密钥，也没有设过托管钥匙", "学校现在的县密钥就是对的，不用送文件。", "换县密钥"
            )
        name = f"{self._context.info.code}_{_NAME}_{len(links):04d}{succession.SUFFIX}"
        local = identity.letters(self._context) / name
        local.unlink(missing_ok=True)
        succession.write_successions(local, links)
        return stick.copy_to_stick(local, to)

    def _check(self) -> None:
        if not is_county(self._context):
            raise UserError("县密钥由县教育局更换", "请在县站登录后再试。", "换县密钥")
