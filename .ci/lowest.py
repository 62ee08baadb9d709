"""Print constraints for pip: the lowest release of each requirement in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(requirements: list[str]) -> dict[str, str]:
    """The lower bound of each requirement that has one, by name."""
    found = (re.match(r"([\w-]+)(?:\[[\w,-]+\])?>=([\w.]+)", each) for each in requirements)
    return {match[1]: match[2] for match in found if match}


def main() -> None:
    """Print the constraints of the dependencies and of every extra."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    bounds = lowest([*project["dependencies"], *(each for extra in extras for each in extra)])
    print("\n".join(f"{name}=={version}" for name, version in sorted(bounds.items())))  # noqa: T201


if __name__ == "__main__":
    main()
