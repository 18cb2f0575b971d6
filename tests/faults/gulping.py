"""Merges packages in a process of its own and says how much memory that took; run by `test_bad_packages`.

python -m tests.faults.gulping COUNTY PASSWORD GOOD PACKAGE…: the county takes GOOD in, which brings the process to its
ordinary size, and then every PACKAGE. Prints outcomes, the peak in MB and by how much it rose above that size, as JSON.
Imports nothing of the tests: what is measured is the product.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from jzdesk.services.stations import open_station


def _peak() -> float:
    """The largest size of this process so far, in MB.

    Not `ru_maxrss` where the system says more: that begins with the size of whoever started the process.
    """
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def main(county: str, password: str, good: str, *packages: str) -> None:
    """Merge all, one after the other."""
    station = open_station(Path(county), password)
    station.merging.merge([Path(good)])
    ordinary = _peak()
    outcomes = {}
    for package in packages:
        (outcome,) = station.merging.merge([Path(package)])
        outcomes[Path(package).name] = [outcome.outcome, outcome.reason]
    station.close()
    sys.stdout.write(json.dumps({"outcomes": outcomes, "rise": _peak() - ordinary, "peak": _peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
