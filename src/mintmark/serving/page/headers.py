"""Headers of a page: nothing but its own script runs, nothing is asked of another origin, nothing frames it."""

from functools import cache

from mintmark.report import script
from mintmark.serving.page.sheet import FRAME

Headers = dict[str, str]
OURS: Headers = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
SHELL = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types mintmark"
)
"""of the page itself"""
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""of a part, which is HTML but no document: should a browser be led to it, it does nothing there"""
REPORT = "default-src 'none'; {scripts}style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
FRESH, KEPT = "no-store", "no-cache"
"""what is somebody's is kept nowhere; what all have alike is asked for again by its tag"""


@cache
def scripts() -> frozenset[str]:
    """Digests of the scripts that reports of this version run, and no others."""
    return frozenset(map(script.digest, (script.plotly(), script.OURS)))


def shell() -> Headers:
    return OURS | {"content-security-policy": SHELL, "x-frame-options": "DENY", "cache-control": KEPT}


def part() -> Headers:
    return OURS | {"content-security-policy": NOTHING, "x-frame-options": "DENY", "cache-control": FRESH}


def asset() -> Headers:
    return OURS | {"content-security-policy": NOTHING, "cache-control": KEPT}


def frame() -> Headers:
    """Of the empty sheet that a report is written into: an origin of its own, its scripts by their digests."""
    allowed = sorted(scripts() | {script.digest(FRAME)})
    return OURS | {
        "content-security-policy": _report(allowed) + "frame-ancestors 'self'; sandbox allow-scripts",
        "cache-control": KEPT,
    }


def report(name: str) -> Headers:
    """Of a report by itself.   name: of the file that it is saved as, in ASCII."""
    return OURS | {
        "content-security-policy": _report(sorted(scripts())) + "frame-ancestors 'none'; sandbox allow-scripts",
        "x-frame-options": "DENY",
        "cache-control": FRESH,
        "content-disposition": f'inline; filename="{name}"',
    }


def _report(allowed: list[str]) -> str:
    return REPORT.format(scripts=f"script-src {' '.join(allowed)}; ")
