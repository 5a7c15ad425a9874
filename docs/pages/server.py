"""The page of the server: its paths with what they answer, and what Prometheus reads of it."""

import re
from typing import Any

from pages import runs
from pages.form import Say, table

NAMES = re.compile("|".join(runs.SERVED))
VERBS = ("get", "post")


def page(say: Say) -> str:
    made = runs.made()
    head = say(
        "What `mintmark serve` answers, and what it counts. A server describes its own models at `/openapi.json`, with "
        "the schema of their questions. How to use it: [serve](../how-to/serve.md), "
        "[API keys](../how-to/api-keys.md), [monitor](../how-to/monitor.md)."
    )
    lines = [f"# {say('Server')}", "", head, "", f"## {say('Paths')}", ""]
    lines += table(
        (say("path"), say("does"), say("statuses")),
        ((f"`{verb} {path}`", say(does), statuses) for (verb, path), (does, statuses) in paths(made.document).items()),
    )
    lines += ["", say("What the statuses mean: [errors](errors.md#http)."), "", f"## {say('Statuses')}", ""]
    lines += table((say("status"), say("means")), ((s, say(means)) for s, means in statuses(made.document)))
    about = say(
        "`GET /metrics` gives them in the text format of Prometheus, beside those of the process (`process_cpu_seconds_"
        "total`, `process_resident_memory_bytes` and others)."
    )
    lines += ["", f"## {say('Metrics')}", "", about, ""]
    return "\n".join(lines + table((say("metric"), say("kind"), say("labels"), say("says")), metrics(say))) + "\n"


def paths(document: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """(verb, path) -> what it does, and with which statuses it can answer. Names of models are NAME."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for path, verbs in sorted(document["paths"].items()):
        for verb in VERBS:
            if verb in verbs:
                said = verbs[verb]
                named = NAMES.sub("NAME", path).replace("{name}", "NAME").replace("{version}", "VERSION")
                named = re.sub(r"versions/\d+", "versions/VERSION", named)
                does = re.sub(r"NAME--\d+", "NAME", NAMES.sub("NAME", said.get("summary", "")))
                codes = ", ".join(sorted(set(said["responses"]) - {"default"}))
                found[verb.upper(), named] = does, codes
    return found


def statuses(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Each status with all that it is said to mean."""
    found: dict[str, list[str]] = {}
    for verbs in document["paths"].values():
        for said in verbs.values():
            for status, answer in said.get("responses", {}).items():
                means = answer.get("description", "")
                if status != "200" and means and means not in found.setdefault(status, []):
                    found[status].append(means)
    return [(status, means) for status, all_ in sorted(found.items()) for means in all_]


def metrics(say: Say) -> list[tuple[str, str, str, str]]:
    made = runs.made().metrics
    return [(f"`{m.name}`", say(m.kind), ", ".join(f"`{n}`" for n in m.labels), say(m.says)) for m in made]
