"""What a page by a framework costs beside our own: the same form by Gradio and by `mintmark serve --page`.

python -m venv G; G/bin/pip install gradio; python benchmarks/page.py --gradio G/bin/python

Both ask the same model by the same REST path. Told of each: what is installed for it beyond the server, seconds until
it is imported, what a browser fetches until a row can be asked, hosts that it asks besides this one, and whether it
works under the policy (CSP) that the page is served with. Needs Chromium and playwright (extra `dev`).
"""

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from machine import ROOT, about, write

sys.path.insert(0, str(ROOT / "docs"))
import page_pictures  # noqa: E402

REPEATS = 5
SETTLED_MS = 3000
"""after the form is there: what a page asks for late counts too"""
POLICY, RULE = "Content Security Policy", re.compile("[a-z]+-src|base-uri")
INLINE, EVAL = "'self' 'unsafe-inline'", "'self' 'unsafe-inline' 'unsafe-eval'"
OWN = {"base-uri": "'self'", "font-src": "'self'", "manifest-src": "'self'"}
LOOSER = {
    "as ours": {},
    "inline styles and scripts": {"style-src": INLINE, "script-src": INLINE},
    "and eval": {"style-src": INLINE, "script-src": EVAL},
    "and a base, fonts and a manifest of its own": {"style-src": INLINE, "script-src": EVAL, **OWN},
}
"""policies under which Gradio's page is tried, the strictest first"""
FORM_MS = 40_000
"""a form that is not there by then does not come"""
PEER = ROOT / "benchmarks" / "peers" / "gradio_page.py"
FIELDS = {
    "customer": "c1",
    "amount": 25.0,
    "shop": "games",
    "age": 40.0,
    "abroad": False,
    "time": "2026-01-01T00:00:00",
}
INSTALLED = """
import importlib.metadata, json
found = {}
for d in importlib.metadata.distributions():
    files = [f.locate() for f in d.files or []]
    size = sum(f.stat().st_size for f in files if f.is_file())
    found[d.metadata["name"].lower().replace("_", "-")] = [d.version, size]
print(json.dumps(found))
"""
CALLED = """
import json, os, socket, time
hosts, real = set(), socket.getaddrinfo
def found(host, *more, **named):
    hosts.add(host if isinstance(host, str) else str(host))
    return real(host, *more, **named)
socket.getaddrinfo = found
import gradio
gradio.Interface(str, "text", "text").launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
time.sleep(5)
print(json.dumps(sorted(hosts - {"127.0.0.1", "localhost"})), flush=True)
os._exit(0)
"""
"""hosts whose addresses its server asks for as it starts"""
NEEDED = """
import importlib.metadata, json, re
def closure(name, extras, seen):
    if (name, extras) in seen: return
    seen.add((name, extras))
    try: asked = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError: return
    for line in asked:
        found = re.match(r"([A-Za-z0-9._-]+)(?:\\[([^]]*)\\])?", line)
        extra = re.search(r"extra == ['\\"]([^'\\"]+)", line)
        if not extra or extra[1] in extras:
            closure(found[1].lower().replace("_", "-"), tuple((found[2] or "").split(",")), seen)
with_page, without = set(), set()
closure("mintmark", ("page",), with_page)
closure("mintmark", (), without)
print(json.dumps([sorted({name for name, _ in some}) for some in (with_page, without)]))
"""


def python(program: str, code: str) -> Any:
    return json.loads(subprocess.run([program, "-c", code], check=True, capture_output=True, text=True).stdout)


def import_s(program: str, before: str, what: str) -> float:
    """Median seconds that an import takes in a new process, once `before` is imported; the first counts for nothing."""
    code = f"import time\n{before}\nstart = time.perf_counter()\n{what}\nprint(time.perf_counter() - start)"
    return statistics.median([python(program, code) for _ in range(REPEATS + 1)][1:])


def installed(program: str) -> dict[str, Any]:
    """Packages that Gradio brings and the server with its page does not have, and their bytes."""
    have = set(python(sys.executable, NEEDED)[0]) | {"pip", "setuptools"}
    brought = {name: told for name, told in python(program, INSTALLED).items() if name not in have}
    size = sum(told[1] for told in brought.values())
    return {"packages": sorted(brought), "n": len(brought), "megabytes": round(size / 1e6, 1)}


@contextmanager
def asked_for() -> Iterator[set[str]]:
    """Hosts besides this one whose addresses this process asks for meanwhile."""
    hosts: set[str] = set()
    real = socket.getaddrinfo

    def found(host: Any, *more: Any, **named: Any) -> Any:
        if host not in ("127.0.0.1", "localhost"):
            hosts.add(str(host))
        return real(host, *more, **named)

    with mock.patch("socket.getaddrinfo", found):
        yield hosts


@contextmanager
def gradio(program: str, url: str, policy: str = "") -> Iterator[str]:
    command = [program, str(PEER), url, "payments", json.dumps(FIELDS), "--policy", policy]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def opened(browser: Any, address: str, form: str) -> dict[str, Any]:
    """What is fetched until a form is there and a while longer, by a browser that has nothing of it yet."""
    from playwright.sync_api import TimeoutError

    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    network = context.new_cdp_session(tab)
    network.send("Network.enable")
    sent: list[float] = []
    asked: list[str] = []
    said: list[str] = []
    network.on("Network.loadingFinished", lambda e: sent.append(e["encodedDataLength"]))
    tab.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    tab.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: said.append(str(e)))
    tab.goto(address)
    try:
        tab.wait_for_selector(form, timeout=FORM_MS)
        works = True
    except TimeoutError:
        works = False
    tab.wait_for_timeout(SETTLED_MS)
    context.close()
    own = urlsplit(address).netloc
    return {
        "works": works, "requests": len(asked), "kilobytes": round(sum(sent) / 1e3, 1),
        "other_hosts": sorted({urlsplit(u).netloc for u in asked} - {own}),
        "refused_by_policy": dict(Counter(found[0] for s in said if POLICY in s and (found := RULE.search(s)))),
    }  # fmt: skip


def main() -> None:
    said = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    said.add_argument("--gradio", required=True, help="the Python of an environment that has gradio")
    program = said.parse_args().gradio
    from mintmark.serving.page import headers

    rules = dict(rule.split(" ", 1) for rule in headers.SHELL.split("; ") if "trusted-types" not in rule)
    policies = {name: "; ".join(" ".join(r) for r in (rules | more).items()) for name, more in LOOSER.items()}
    with tempfile.TemporaryDirectory() as place:
        os.environ["MINTMARK_LEDGER"] = str(Path(place) / "ledger.sqlite")
        made = page_pictures.runs(Path(place), only=("payments",))
        with page_pictures.serving(made, Path(place) / "state") as url, page_pictures.browser() as browser:
            with asked_for() as hosts:
                ours = opened(browser, f"{url}/page/en/#/models/payments", "form.try")
            with gradio(program, url) as address:
                theirs = opened(browser, address, "button.primary")
            under = {}
            for name, policy in policies.items():
                with gradio(program, url, policy) as address:
                    under[name] = opened(browser, address, "button.primary") | {"policy": policy}
    with_page, without = python(sys.executable, NEEDED)
    found = {
        "mintmark": {
            "import_s": import_s(sys.executable, "import mintmark.serving.app", "import mintmark.serving.page"),
            "installed": {"packages": sorted(set(with_page) - set(without))},
            "server_asks": sorted(hosts), "page": ours,
        },
        "gradio": {
            "version": python(program, INSTALLED)["gradio"][0], "import_s": import_s(program, "", "import gradio"),
            "installed": installed(program), "server_asks": python(program, CALLED), "page": theirs,
            "page_under_policy": under,
        },
    }  # fmt: skip
    write("page", {**about("playwright"), "repeats": REPEATS, **found})


if __name__ == "__main__":
    main()
