"""托管钥匙: a key on paper that opens the county's keys, and every package, when the county's computer is gone.

It is drawn here, printed, and never stored; only its public half stays, in the county's card. Schools hear of that by
a succession that the county's own key signs, so it reaches them the way new keys do (decision 31).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.services import county_keys, identity, package_log
from jzdesk.services.context import Context
from jzdesk.services.merging import is_county
from jzdesk.sync import escrow, sealing, succession

_WHERE = "托管钥匙"


@dataclass(frozen=True, slots=True)
class EscrowState:
    """The paper key in use: `mark` tells it from others, `since` is an ISO date; both empty when there is none."""

    mark: str
    since: str


@dataclass(frozen=True, slots=True, repr=False)
class PaperKey:
    """A key that is to be printed; `mark` may be shown, `secret` only on paper."""

    secret: str
    mark: str

    @property
    def last(self) -> str:
        """What a person types from the sheet, to show that it was printed: the last eight characters."""
        return self.secret[-8:]


class EscrowService:
    """Draws, uses and checks the county's paper key."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self) -> EscrowState:
        """What is in use."""
        links = county_keys.successions(self._context)
        recipient = county_keys.escrow_recipient(self._context)
        since = next((link.said.issued.isoformat() for link in links if link.said.card.escrow == recipient), "")
        return EscrowState(escrow.mark(recipient), since) if recipient else EscrowState("", "")

    def draw(self) -> PaperKey:
        """A fresh key; it is not in use before `adopt`, and nothing of it is kept."""
        self._check()
        secret = sealing.new_identity()
        return PaperKey(secret, escrow.mark(sealing.recipient_of(secret)))

    def print_sheet(self, key: PaperKey, path: Path) -> int:
        """The sheet as PDF; returns its pages."""
        from jzdesk.printing import RecoverySheet, write_recovery

        groups = escrow.groups(key.secret)
        sheet = RecoverySheet(
            self._context.info.name, "".join(groups), self._context.today(), form="escrow", lead=escrow.PREFIX,
            mark=key.mark, code=key.secret,
        )  # fmt: skip
        return write_recovery(path, sheet)

    def adopt(self, secret: str) -> EscrowState:
        """From now on packages are sealed to this key as well, and the county's keys are kept sealed to it.

        Raises UserError for a key with a slip in it. An earlier paper key opens only what was sealed to it before.
        """
        self._check()
        context = self._context
        recipient, card = sealing.recipient_of(escrow.typed(secret)), identity.county_card(context)
        if card.escrow != recipient:
            told = msgspec.structs.replace(card, escrow=recipient)
            link = succession.hand_over(identity.station_keys(context), told, package_log.today(context))
            county_keys.hand_over(context, link)
        keep_copy(context)
        return self.look()

    def check(self, secret: str) -> EscrowState:
        """Raise UserError when the key typed from the paper would not bring the county's keys back.

        A copy that lacks a pair, because the disk was full when that was made, is written anew.
        """
        self._check()
        context = self._context
        kept = escrow.read_copy(context.folder.escrow, escrow.typed(secret))
        if [keys.device for keys in reversed(kept.keys)] != [keys.device for keys in county_keys.all_keys(context)]:
            keep_copy(context)
        return self.look()

    def _check(self) -> None:
        if not is_county(self._context):
            raise UserError("托管钥匙由县教育局设", "请在县站登录后再试。", _WHERE)


def keep_copy(context: Context) -> None:
    """Write the county's keys anew, sealed to the paper key; nothing is done where there is none."""
    recipient = county_keys.escrow_recipient(context)
    if recipient is not None:
        keys, links = county_keys.all_keys(context), county_keys.successions(context)
        copy = escrow.Copy(context.info.code, tuple(reversed(keys)), tuple(links))
        escrow.write_copy(context.folder.escrow, copy, recipient)
