"""The size of a file with one pledge.

Limit: 60 KB, which a school's sticks and printers swallow by the hundred. Product: one pledge by `write_pledges`, every
font it uses embedded. Goal: not above the limit.
"""

from __future__ import annotations

import re

from benchmarks.measure import Measured, Row, Scale
from benchmarks.pledges import sheets
from jzdesk.printing.pledge import write_pledges

_LIMIT = 60.0


def measure(scale: Scale) -> Measured:
    """Kilobytes; each run is another pupil."""
    path = scale.folder / "pledge.pdf"
    sizes, embedded = [], True
    for sheet in sheets(scale.runs):
        write_pledges(path, [sheet])
        content = path.read_bytes()
        sizes.append(len(content) / 1024)
        embedded = embedded and _all_embedded(content)
    note = "every font embedded" if embedded else "a font is not embedded"
    return Measured([_LIMIT] * scale.runs, sizes, kept=embedded, notes=(note,))


def _all_embedded(content: bytes) -> bool:
    """Every font descriptor has its font file, and no font goes without a descriptor."""
    descriptors = len(re.findall(rb"/Type /FontDescriptor\b", content))
    files = len(re.findall(rb"/FontFile[23]? ", content))
    fonts = len(re.findall(rb"/Type /Font\b", content)) - content.count(b"/Subtype /Type0")
    described = len(re.findall(rb"/FontDescriptor \d+ ", content))
    return descriptors == files > 0 and described == fonts


ROW = Row("pledge_size", "one pledge file, fonts embedded", "KB", 1.0, False, measure)
