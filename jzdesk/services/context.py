"""What every service works with: the open store, the station's facts, and who is at the desk."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from jzdesk.core.term import Term
from jzdesk.store.folder import StationFolder
from jzdesk.store.store import Store, read_setting
from jzdesk.store.unit import COUNTY, Author, Unit

COUNTY_SCOPE = COUNTY


@dataclass(frozen=True, slots=True)
class StationInfo:
    """The station as the faces show it."""

    kind: str
    code: str
    name: str
    folder: Path
    device: str
    certified: bool
    county_name: str | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is at the desk."""

    account: str
    role: str


@dataclass(frozen=True, slots=True)
class Context:
    """Shared by all services of one open station."""

    store: Store
    folder: StationFolder
    info: StationInfo
    actor: Actor
    key: bytes

    @property
    def author(self) -> Author:
        """The author of what is written now: a school writes in its own scope, the county in its own."""
        scope = COUNTY_SCOPE if self.info.kind == "county" else self.info.code
        return Author(self.actor.account, self.actor.role, scope)

    def read(self) -> AbstractContextManager[Connection]:
        """A read-only snapshot."""
        return self.store.read()

    def write(self, label: str = "") -> AbstractContextManager[Unit]:
        """One transaction of synchronised changes; with `label` an action that can be undone under these words."""
        return self.store.write(self.author, label)

    def today(self) -> str:
        """Today as ISO text."""
        return self.store.clock.today()

    def term(self) -> Term:
        """The term people work in: the stored choice, else today's."""
        with self.read() as connection:
            return Term.parse(term_at_work(connection, self.today()))


def term_at_work(connection: Connection, today: str) -> str:
    """The term people work in, as text: the stored choice, else that of the day."""
    chosen: str | None = read_setting(connection, "term")
    return chosen or str(Term.of(today))
