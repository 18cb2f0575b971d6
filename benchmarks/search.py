"""Searching as one types among 400,000 students against `LIKE`.

Limit: `LIKE '%…%'` on name, ID number and roll number, 20 rows by name. Product: the station's index (`Store.find`), 20
uids, on the same words: parts of names, pinyin initials and parts of numbers at every length from the first key on,
guardians' names and telephones.
Goal: a hundred times as many searches a second, and 99 of 100 key presses answered within 16 ms with the columns of the
list.
"""

from __future__ import annotations

import random
import statistics
from functools import partial
from typing import Any

from benchmarks import people
from benchmarks.big import station
from benchmarks.measure import Measured, Row, Scale, in_turns, percentile, seconds
from jzdesk.core.pinyin import readings, spellings

_FRAME = 16  # ms
_LIMIT = 20
_LIKE = (
    "SELECT uid, name, id_number FROM student WHERE hidden = 0 AND (name LIKE ?1 OR id_number LIKE ?1 OR "
    "roll_number LIKE ?1) ORDER BY name LIMIT 20"
)


def words(count: int, students: int) -> list[str]:
    """What people type, key by key: names, initials, pinyin, the end of a number, a father's name and telephone."""
    chance = random.Random(7)
    typed: list[str] = []
    while len(typed) < count:
        person = people.student(chance.randrange(students))
        name, number = str(person["name"]), str(person["id_number"])
        typed += [name[:end] for end in range(1, len(name) + 1)]
        typed += [readings(name)[0][:end] for end in range(1, len(name) + 1)]
        typed += [name[1:], "".join(spellings(name)[0]), number[-6:], number[6:14], number]
        father = people.father(chance.randrange(students))
        typed += [str(father["name"]), str(father["phone"])[-6:], str(father["phone"])]
    return typed[:count]


def measure(scale: Scale) -> Measured:
    """Searches a second; a run is the median of its key presses."""
    services = station(scale)
    typed = words(scale.pick(400, 20), scale.pick(400_000, 400))
    shown: list[float] = []

    def like() -> float:
        some = typed[:: scale.pick(20, 4)]
        with services.context.read() as connection:
            driver: Any = connection.connection.driver_connection
            return 1 / statistics.median(seconds(partial(_like, driver, word)) for word in some)

    def find() -> float:
        shown.extend(seconds(partial(services.students.search, word, _LIMIT)) * 1000 for word in typed)
        return 1 / statistics.median(seconds(partial(services.context.store.find, word, _LIMIT)) for word in typed)

    services.students.search(typed[0], _LIMIT)
    limit, product = in_turns(scale.runs, like, find)
    slow = percentile(shown, 0.99)
    note = f"with display columns: median {statistics.median(shown):.1f} ms, p99 {slow:.1f} ms (at most {_FRAME})"
    return Measured(limit, product, kept=slow <= _FRAME, notes=(note,))


def _like(driver: Any, word: str) -> list[Any]:
    return list(driver.execute(_LIKE, (f"%{word}%",)))


ROW = Row("search", "search as you type, 400k students", "searches/s", 100.0, True, measure)
