"""Serving, a face: REST around `spine.answer`, and events that later answers look back on.

make_app(loaded, limits, ..., state)   the app, for any ASGI server or a test client
listen, run                            a process of its own
Limits                                 what one request may be, and how many there may be at once
"""

from mintmark.serving.app import make_app
from mintmark.serving.body import Limits
from mintmark.serving.lines import logs
from mintmark.serving.server import listen, run

__all__ = ["Limits", "listen", "logs", "make_app", "run"]
