"""Writing and reading a package against its bare bones.

Limit: the prototype of the format, re-enacted on the same entries: writing encodes, hashes, compresses and seals them
in chunks (96,000 rows/s on the machine of the goals); reading opens, hashes and decodes them (461,000 rows/s). No
limits on what a line may hold, no manifest, no signature. Product: `write_package` of the same entries, which must lead
to the link that a journal has for the last of them, as in every export; `open_package` and every line of it. The row
shows the direction that does worse. Goal: at least the prototype; memory at most 64 MB above idle, whatever the size.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from benchmarks import people
from benchmarks.measure import Measured, Row, Scale, in_turns, seconds
from jzdesk.core.chain import GENESIS, chain_step
from jzdesk.core.ids import new_uids
from jzdesk.core.merge import Entry, decode, encode
from jzdesk.sync import sealing
from jzdesk.sync.package import open_package
from tests.factories.packages import SCHOOL, World

_CHUNK = 5000
_MEMORY_LIMIT = 64  # MB above idle
_TIMES = 3  # more runs than of other rows: here the two are close, and a busy moment moves a run by a tenth


def entries(world: World, count: int) -> list[Entry]:
    """New students, one entry each."""
    device, epoch = world.school.device, world.epoch
    uids, salts = new_uids(count), iter(lambda: b64encode(os.urandom(16)).decode(), None)
    return [
        Entry(
            1837645732000 + n, "录入员", device, "student", epoch, n, "put", "school", next(salts), SCHOOL, 1,
            uids[n - 1], set={k: v for k, v in people.student(n).items() if v is not None},
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


@dataclass(slots=True)
class _Bones:
    """The prototype: chunks of sealed lines with a chain through them, kept in one folder."""

    world: World
    folder: Path

    def write(self, listed: list[Entry]) -> None:
        link = GENESIS
        for start in range(0, len(listed), _CHUNK):
            bodies = [encode(entry) for entry in listed[start : start + _CHUNK]]
            for body in bodies:
                link = chain_step(link, body)
            sealed = sealing.seal(b"\n".join(bodies), self.world.recipients)
            (self.folder / f"{start:07d}").write_bytes(sealed)

    def read(self) -> int:
        link, count = GENESIS, 0
        for path in sorted(self.folder.iterdir()):
            bodies = sealing.open_sealed(path.read_bytes(), self.world.county.sealing).split(b"\n")
            for body in bodies:
                link = chain_step(link, body)
                decode(body)
            count += len(bodies)
        return count


def measure(scale: Scale) -> Measured:
    """Entries a second, both directions in turns."""
    world, count = World(), scale.pick(100_000, 500)
    listed = entries(world, count)
    bones = _Bones(world, scale.folder / "bones")
    bones.folder.mkdir()
    written: list[Path] = []

    end = _last_link(listed)

    def write() -> None:
        written.append(world.package(scale.folder, map(encode, listed), end).path)

    def read() -> None:
        with open_package(written[-1], world.county.sealing, world.trust) as reader:
            (last,) = deque(reader.entries(), maxlen=1)
        assert last[0] == count

    runs = scale.pick(_TIMES * scale.runs, 1)
    writing = in_turns(runs, lambda: count / seconds(lambda: bones.write(listed)), lambda: count / seconds(write))
    reading = in_turns(runs, lambda: count / seconds(bones.read), lambda: count / seconds(read))
    return _worse(writing, reading, written[-1].stat().st_size / count, _memory(scale))


def _last_link(listed: list[Entry]) -> bytes:
    link = GENESIS
    for entry in listed:
        link = chain_step(link, encode(entry))
    return link


def _worse(
    writing: tuple[list[float], list[float]],
    reading: tuple[list[float], list[float]],
    size: float,
    memory: float | None,
) -> Measured:
    def figures(name: str, pair: tuple[list[float], list[float]]) -> str:
        bare, ours = map(statistics.median, pair)
        return f"{name} {ours:,.0f}/s of {bare:,.0f}/s ({ours / bare:.2f}×)"

    shown = "not measured on this system" if memory is None else f"{memory:.0f} MB above idle (at most {_MEMORY_LIMIT})"
    notes = (f"{figures('write', writing)}; {figures('read', reading)}; {size:.0f} bytes an entry", f"memory {shown}")
    worse = min(writing, reading, key=lambda pair: statistics.median(pair[1]) / statistics.median(pair[0]))
    return Measured(*worse, kept=memory is None or memory <= _MEMORY_LIMIT, notes=notes)


def _memory(scale: Scale) -> float | None:
    """How far a fresh process rises above idle while it writes and reads many entries, in MB."""
    command = [sys.executable, "-m", "benchmarks.package_memory", str(scale.pick(200_000, 1000))]
    found = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return float(found.stdout) if found.stdout.strip() else None


ROW = Row("package", "package of 100k rows: write, verify and read", "rows/s", 1.0, True, measure)
