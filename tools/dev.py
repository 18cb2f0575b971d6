"""The front door for developers: `python3 tools/dev.py VERB` (Windows: `py tools/dev.py VERB`).

This file must be readable by old Pythons, so that they can say what is wrong; the work is in `verbs.py`.
"""

import os
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 13)


def python_problem(version: "tuple[int, int]", windows: bool) -> "str | None":
    """One sentence when this Python cannot run the program, None when it can."""
    if OLDEST <= version <= NEWEST:
        return None
    remedy = "py -3.12 tools/dev.py run" if windows else "make PYTHON=python3.11 run"
    return "需要 Python {}.{} 到 {}.{}，现在用的是 {}.{}；请安装合适的版本后运行，例如：{}".format(
        *OLDEST, *NEWEST, *version, remedy
    )


def main() -> int:
    """Check the Python, then hand over to the verbs."""
    problem = python_problem(sys.version_info[:2], os.name == "nt")
    if problem:
        print(problem, file=sys.stderr)
        return 1
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from tools import verbs

    return verbs.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
