"""Making the database of a station, and opening it once the key is known."""

from __future__ import annotations

import os
from contextlib import suppress

from jzdesk.core.clock import Clock
from jzdesk.core.errors import StationFault
from jzdesk.services.bundle import Services
from jzdesk.services.context import Actor, Context, StationInfo
from jzdesk.services.device import read_mark
from jzdesk.store import journal
from jzdesk.store.engine import create_database, open_engine
from jzdesk.store.folder import StationFacts, StationFolder
from jzdesk.store.location import database_of
from jzdesk.store.store import Store


def make_database(home: StationFolder, key: bytes, device: str, epoch: str, scope: str) -> None:
    """A new database with the first chain of this device."""
    create_database(home.database, key)
    engine = open_engine(home.database, key, writing=True)
    try:
        with engine.begin() as connection:
            journal.open_chain(connection, device, epoch, scope, own=True)
    finally:
        engine.dispose()


def open_unlocked(home: StationFolder, facts: StationFacts, key: bytes, account: str, clock: Clock) -> Services:
    """All services of a station; raises UserError for a foreign database or a newer one."""
    store = Store(database_of(home, key, account), key, clock)
    try:
        _watch_high_water(home, store, facts)
        if facts.kind == "county":
            with suppress(StationFault):  # no room, or somebody else writes: counted each time, as long as need be
                store.keep_figures()
        county = store.setting("county") or {}
        info = StationInfo(
            facts.kind,
            facts.code,
            facts.name,
            home.path,
            facts.device,
            certified=facts.kind == "county" or bool(store.setting("certificate")),
            county_name=facts.name if facts.kind == "county" else county.get("name"),
        )
        services = Services(Context(store, home, info, Actor(account, facts.kind), key))
        services.forget_copies()
        return services
    except BaseException:
        store.close()
        raise


def _watch_high_water(home: StationFolder, store: Store, facts: StationFacts) -> None:
    """A database older than the mark beside it was restored from a backup: begin a new epoch (sync §5)."""
    own = store.own_chain()
    mark = read_mark(home)
    if mark.get(own.ep, 0) <= own.last_n:
        return
    with store.local() as connection:
        journal.open_chain(connection, own.dev, os.urandom(8).hex(), own.school, own=True)
