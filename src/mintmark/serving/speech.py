"""Speech: a refusal in the language of who asked: English costs nothing, and answers are the same in every language."""

from typing import TYPE_CHECKING, Any

from mintmark.base.errors import MintmarkError
from mintmark.base.words import LANGUAGES, Language

if TYPE_CHECKING:
    from mintmark.serving.door import Call

LOOKED_AT = 1000
"""characters of a header in which a language is looked for"""


def tongue(call: "Call") -> Language:
    """The language of ours that who asked likes best, else that of the server."""
    for name, value in call.headers:
        if name == b"accept-language":
            return Language(preferred(value[:LOOKED_AT].decode("latin-1"), call.lang))
    return Language(call.lang)


def preferred(accepted: str, usual: str = "en") -> str:
    """The language of ours that is liked best (Accept-Language, RFC 9110, 12.5.4), else the usual one."""
    best, most = usual, 0.0
    for part in accepted[:LOOKED_AT].split(","):
        name, _, weight = part.strip().partition(";")
        code = name.strip().lower().split("-")[0]
        try:
            likes = float(weight.strip().removeprefix("q=") or 1.0)
        except ValueError:
            continue
        if code in LANGUAGES and likes > most:
            best, most = code, likes
    return best


def refused(exc: MintmarkError, call: "Call") -> dict[str, Any]:
    """The object that a refusal is answered with; its kind and its place are the same in every language."""
    said, say = exc.as_dict(), tongue(call)
    if say.code != "en":
        said["error"] |= {"what": say.again(exc.what), "try": say.again(exc.fix)}
    return said


def message(exc: MintmarkError, call: "Call") -> str:
    """A refusal in one text: where, what, and what to try."""
    say = tongue(call)
    if say.code == "en":
        return str(exc)
    what = say("{where}: {what}", where=exc.where, what=say.again(exc.what)) if exc.where else say.again(exc.what)
    return say.together(what, say("Try: {fix}", fix=say.again(exc.fix)) if exc.fix else "")
