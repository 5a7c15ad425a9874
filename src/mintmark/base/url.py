"""Addresses of databases, and how they are shown: whatever is written down or said of one holds no password."""

import os
import re
from urllib.parse import quote, unquote

from mintmark.base.errors import RecipeError

PASSWORD = re.compile(r"^([A-Za-z][\w+.-]*://[^:/@?#]*:)(.+)(?=@)", re.S)
ASKED = re.compile(r"([?&](?:ssl)?password=)([^&#]*)", re.I)
NAMED = re.compile(r"\$\{(\w*PASSWORD\w*)\}")
"""a variable of the environment; one that is no password is not sent to whatever host a recipe names"""


def masked(url: str) -> str:
    """The address with *** for each password that is written out."""

    def mask(found: re.Match[str]) -> str:
        return found[0] if NAMED.fullmatch(found[2]) else f"{found[1]}***"

    return ASKED.sub(mask, PASSWORD.sub(mask, url))


def secret(url: str) -> str:
    """A password written out in the address, or nothing; ${MY_PASSWORD} is the name of one, not the password."""
    return next((s for s in _passwords(url) if not NAMED.fullmatch(s)), "")


def filled(url: str) -> str:
    """The address with the value of the environment's MY_PASSWORD for each ${MY_PASSWORD}.

    Raises: RecipeError: there is no such variable.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            what = f"the environment variable {found[1]} is not set."
            raise RecipeError(what, where=masked(url), fix=f"export {found[1]}=..., or PGPASSWORD, or ~/.pgpass.")
        return quote(os.environ[found[1]], safe="")

    return NAMED.sub(value, url)


def hidden(text: str, url: str) -> str:
    """A message with *** wherever it repeats a password of this address."""
    for written in _passwords(url):
        for one in {written, unquote(written), quote(unquote(written), safe="")}:
            text = text.replace(one, "***")
    return text


def _passwords(url: str) -> list[str]:
    found = PASSWORD.match(url)
    return [s for s in ([found[2]] if found else []) + [m[2] for m in ASKED.finditer(url)] if s]
