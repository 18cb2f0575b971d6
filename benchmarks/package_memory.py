"""A fresh process that writes and reads one package from a stream, and prints how many MB it rose above idle."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import package
from benchmarks.measure import memory
from jzdesk.core.merge import encode
from jzdesk.sync.package import open_package
from tests.factories.packages import World

_FEW = 100  # entries: were the first package as long, what a long one costs would count as idle


def main(count: int) -> None:
    """Write and read `count` entries; the lines are made one at a time."""
    world = World()
    pattern = encode(package.entries(world, 1)[0])

    def lines(count: int) -> Iterator[bytes]:
        for n in range(1, count + 1):
            yield pattern.replace(b'"n":1,', b'"n":%d,' % n)

    with tempfile.TemporaryDirectory() as folder:
        world.package(Path(folder), lines(_FEW), number=1)  # imports and caches are part of being idle
        idle = memory("VmRSS")
        written = world.package(Path(folder), lines(count), number=2).path
        with open_package(written, world.county.sealing, world.trust) as reader:
            assert sum(1 for _ in reader.entries()) == count
        peak = memory()
    if idle is not None and peak is not None:
        print(peak - idle)


if __name__ == "__main__":
    main(int(sys.argv[1]))
