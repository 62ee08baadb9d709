"""Print the command that README.md shows below `<!-- command: NAME -->`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def command(name: str) -> str:
    """The text of the fenced block below the marker *name*."""
    block = rf"<!-- command: {re.escape(name)} -->\s*```\w*\n(.+?)\n```"
    found = re.findall(block, README.read_text(encoding="utf-8"), re.DOTALL)
    if len(found) != 1:
        sys.exit(f"{README.name} has {len(found)} blocks below <!-- command: {name} -->, not one")
    return str(found[0])


if __name__ == "__main__":
    sys.stdout.write(command(sys.argv[1]) + "\n")
