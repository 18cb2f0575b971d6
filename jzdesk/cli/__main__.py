"""`python -m jzdesk.cli` is `jz`."""

from __future__ import annotations

import sys

from jzdesk.cli import main

if __name__ == "__main__":
    sys.exit(main())
