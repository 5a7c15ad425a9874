"""The page: a face for people over a server, mounted only where it is wanted (`mintmark serve --page`).

GET /page/                    on to the page in the language of who asks
GET /page/{lang}/             its frame: texts alone and no figure of anybody's, so it needs no key
GET /page/style.css, script.js, mark.svg, sheet           what it is made of
GET /page/{lang}/models, /runs, /models/{name}, ...       parts of it, HTML: what the key may see, and nothing else
GET /page/{lang}/runs/{run}/report                        the report of a run, as it was written or made anew

What the page does (answers, streams) it does by the REST API, with the key of who looks at it, and in no other way.
"""

from mintmark.serving.page.mount import Page, mount

__all__ = ["Page", "mount"]
