"""How the command line writes for people: figures, and its own name as it is typed here."""

import shutil
import sys


def number(value: float) -> str:
    """Four significant digits, thousands apart, a power of ten only where people would write one too."""
    if value == 0 or 1e-4 <= abs(value) < 1e15:
        return f"{value:,.0f}" if abs(value) >= 10000 else f"{value:,.4g}"
    return f"{value:.3g}"


def program() -> str:
    """What to type to run this program: its name, or its path where the name is not found."""
    return "mintmark" if shutil.which("mintmark") else sys.argv[0]
