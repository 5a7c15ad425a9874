"""The command line's own name as it is typed here."""

import shutil
import sys


def program() -> str:
    """What to type to run this program: its name, or its path where the name is not found."""
    return "mintmark" if shutil.which("mintmark") else sys.argv[0]
