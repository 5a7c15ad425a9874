"""Shell: the frame of the page, with the texts that its script says. It holds no figure, so everybody may have it."""

import json

from mintmark.base.words import LANGUAGES, Language, mark
from mintmark.report import words

SAID = (
    mark("The server cannot be reached."), mark("See whether it still runs, then try again."), mark("Try this:"),
    mark("Retry in {n} s."), mark("request {id}"), mark("probability"), mark("all other columns"), mark("value"),
    mark("{unit} of {what}"),
    mark("Each column with what it adds to the {what}, or takes away; the strongest first."), mark("Why"),
    mark("answered by {model} in its place"), mark("Decision"), mark("Answer"),
    mark("{share} of such answers lie between {a} and {b}."),
    mark("The answer has no form that the page can draw; here it is as it came."), mark("What comes next"),
    mark("time"), mark("forecast"), mark("from"), mark("to"), mark("known"), mark("The figures as a table"),
    mark("The same from a terminal"), mark("Not a date with a time."),
    mark("Year, month, day, hour and minute, or nothing where it is not known."), mark("Not a number."),
    mark("A number such as 12.5, or nothing where it is not known."), mark("Not a list as JSON."),
    mark("A list such as [1, 2], or nothing where it is not known."), mark("{n} ms"), mark("writing …"),
    mark("{n} tokens"), mark("at its limit"), mark("stopped"), mark("{n} s ago"), mark("This key is not valid here."),
    mark("The key as `mintmark api-keys new` showed it; see for blanks at its ends."), mark("Loading …"),
    mark("The report"), mark("Save"), mark("Back"), mark("now"), mark("Run"), mark("Models"),
    mark("log odds"),
)  # fmt: skip
"""what the script says by itself"""
MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#1763b6"/>'
    '<circle cx="16" cy="16" r="11.5" fill="none" stroke="#fff" stroke-width="1.6" stroke-dasharray="1.6 2.2"/>'
    '<path d="M10.5 21v-10l5.5 6.5 5.5-6.5v10" fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round" '
    'stroke-linecap="round"/></svg>'
)
"""the sign of the house, as a coin has one"""


KEPT = mark(
    "This server asks for a key. It stays in this tab until the tab is closed, and is sent in the head of each "
    "request, never in an address."
)


def html(say: Language, keys: bool) -> str:
    """The frame in one language.   keys: whether the server asks for API keys."""
    other = next(code for code in LANGUAGES if code != say.code)
    lang = {code: "zh-CN" if code == "zh" else code for code in LANGUAGES}
    told = {"lang": lang[say.code], "base": f"/page/{say.code}", "keys": keys, "texts": {t: say(t) for t in SAID}}
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")

    def safe(text: str) -> str:
        return words.safe(say(text))

    return f"""<!DOCTYPE html>
<html lang="{lang[say.code]}"><head><meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/><title>Mintmark</title>
<link rel="icon" href="/page/mark.svg" type="image/svg+xml"/><link rel="stylesheet" href="/page/style.css"/>
<script src="/page/script.js" defer></script></head>
<body><button type="button" class="skip" id="skip">{safe(mark("To the content"))}</button>
<header class="bar">
<a class="brand" href="#/models"><img src="/page/mark.svg" alt="" width="28" height="28"/>Mintmark</a>
<nav aria-label="{safe(mark("Views"))}"><a href="#/models">{safe(mark("Models"))}</a>
<a href="#/runs">{safe(mark("Runs"))}</a></nav>
<span class="tools"><button type="button" id="forget" hidden>{safe(mark("Forget the key"))}</button>
<a id="other" href="/page/{other}/" lang="{lang[other]}" hreflang="{lang[other]}">{LANGUAGES[other]}</a></span></header>
<main id="main"><noscript><p class="lead">{safe(mark("This page needs JavaScript; its script comes from this server."))}
{safe(mark("Without it: GET /v1/models, and mintmark report."))}</p></noscript></main>
<template id="ask"><h1 tabindex="-1">{safe(mark("Your API key"))}</h1>
<p class="soft">{safe(KEPT)}</p>
<form class="key" novalidate><div class="field"><label for="key">{safe(mark("Your API key"))}</label>
<input id="key" type="password" autocomplete="off" spellcheck="false" aria-describedby="key-wrong"/>
<p class="wrong" id="key-wrong" role="alert" hidden></p></div>
<p class="buttons"><button type="submit">{safe(mark("Go on"))}</button></p></form></template>
<script type="application/json" id="words">{data}</script></body></html>
"""
