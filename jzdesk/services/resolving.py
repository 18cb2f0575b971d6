"""Which record is meant by the words that people write for it: its title, or a number it can be found by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sqlalchemy import Connection, select

from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import EntitySpec
from jzdesk.core.kinds import Reference
from jzdesk.models import BY_NAME, SPECS
from jzdesk.services.ledger import titles

_UID = re.compile(r"[0-9a-f]{32}")
_NOISE = re.compile(r"[\s()（）]|^(?:小学|初中|普高|中职)")
_AT_ONCE = 500


def is_uid(text: str) -> bool:
    """Whether the text is the uid of a record."""
    return _UID.fullmatch(text) is not None


def meant(connection: Connection, entity: str, texts: Iterable[str]) -> dict[str, list[str]]:
    """text → uids of the records in use that are called so; an empty list when there is none."""
    found: dict[str, dict[str, None]] = {text: {} for text in texts}
    for text, uid in _exactly(connection, SPECS[entity], list(found)):
        found[text][uid] = None
    if _composed(SPECS[entity]):
        open_ = {_key(text): text for text, uids in found.items() if not uids}
        for uid, title in _all_titles(connection, entity) if open_ else ():
            if (key := _key(title)) in open_:
                found[open_[key]][uid] = None
    return {text: list(uids) for text, uids in found.items()}


def the_one(spec: EntitySpec, text: str, uids: list[str]) -> str:
    """The only record of that name; raises ValueFault with the way out."""
    if len(uids) == 1:
        return uids[0]
    if uids:
        raise ValueFault(f"有 {len(uids)} 条{spec.label}都叫“{text}”", "请改填它的号码，或打开记录逐个选定。")
    raise ValueFault(f"没有叫“{text}”的{spec.label}", f"请核对名称，或先到“{spec.label}”台账登记。")


def _exactly(connection: Connection, spec: EntitySpec, texts: list[str]) -> Iterator[tuple[str, str]]:
    """(text, uid) of every record with the text in a field that names it or that it is searched by."""
    table = BY_NAME[spec.name].__table__
    for name in _naming(spec):
        stored = _stored(spec, name, texts)
        names = iter(stored)
        while part := list(islice(names, _AT_ONCE)):
            query = select(table.c[name], table.c.uid).where(table.c[name].in_(part), table.c.hidden == 0)
            for value, uid in connection.execute(query):
                yield from ((text, uid) for text in stored[value])


def _naming(spec: EntitySpec) -> list[str]:
    single = [] if _composed(spec) else list(spec.title)
    searched = [field.name for field in spec if field.search and field.name not in spec.title]
    return single + searched


def _stored(spec: EntitySpec, name: str, texts: Iterable[str]) -> Mapping[object, list[str]]:
    """Stored form → the texts that mean it."""
    found: dict[object, list[str]] = defaultdict(list)
    for text in texts:
        try:
            value = spec[name].kind.read(text).value
        except ValueFault:
            continue
        if value is not None:
            found[value].append(text)
    return found


def _composed(spec: EntitySpec) -> bool:
    """Whether the title is more than one field, or another record's."""
    return len(spec.title) != 1 or isinstance(spec[spec.title[0]].kind, Reference)


def _all_titles(connection: Connection, entity: str) -> Iterator[tuple[str, str]]:
    table = BY_NAME[entity].__table__
    uids = list(connection.execute(select(table.c.uid).where(table.c.hidden == 0)).scalars())
    return iter(titles(connection, entity, uids).items())


def _key(title: str) -> str:
    """`小学三年级 1班`, `三年级(1)班` and `三年级1班` are one."""
    return _NOISE.sub("", title)
