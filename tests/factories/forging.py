"""Packages with good signatures and bad contents: what a school could write with its own keys and no conscience."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from jzdesk.core.chain import GENESIS, chain_step
from jzdesk.core.clock import Clock
from jzdesk.core.merge import Entry, encode
from jzdesk.services import identity
from jzdesk.services.bundle import Services
from jzdesk.store.journal import Chain
from jzdesk.sync.package import write_package


@dataclass
class Forger:
    """A certified school that writes an epoch of its own by hand."""

    school: Services
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    bodies: list[bytes] = field(default_factory=list)
    link: bytes = GENESIS

    def say(self, **changes: Any) -> str:
        """Add an entry, a harmless student unless changed; returns its id."""
        info, n = self.school.info, len(self.bodies) + 1
        usual: dict[str, Any] = {
            "at": Clock().tick(), "actor": "x", "dev": info.device, "ent": "student", "ep": self.epoch, "n": n,
            "op": "put", "role": "school", "salt": secrets.token_hex(8), "scope": info.code, "sv": 1,
            "uid": secrets.token_hex(16), "set": {"name": "周小"},
        }  # fmt: skip
        return self.raw(encode(Entry(**usual | changes)))

    def raw(self, body: bytes) -> str:
        """Add an entry by its bytes; returns its id."""
        self.link = chain_step(self.link, body)
        self.bodies.append(body)
        return self.link[:16].hex()

    def package(self, folder: Path, bodies: Sequence[bytes] | None = None) -> Path:
        """The whole epoch as a package, written as if its lines had been examined when they came into a journal."""
        lines = bodies or self.bodies
        context = self.school.context
        own = Chain(0, self.school.info.device, self.epoch, True, "", 0, GENESIS, 0, 0, 0, None, 0)
        head = identity.head_of(context, own, after=0, before=GENESIS, number=1)
        recipients = identity.county_card(context).recipients
        keys, signed = identity.station_keys(context), identity.signed_certificate(context)
        end = reduce(chain_step, lines, GENESIS)
        return write_package(folder, head, lines, keys, signed, recipients, proof=end).path
