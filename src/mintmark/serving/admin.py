"""POST /v1/admin/models/{name} and .../rollback: which bundle answers for a name.

{"bundle": "path below --bundles", "version": "3"}   load it, verified, and have it answer; the version may be left out
{"version": "2"}                                     have a version that is served already answer
"""

from typing import Any

import orjson

from mintmark.serving import body
from mintmark.serving.body import Receive
from mintmark.serving.deploy import VERSION, Deploy
from mintmark.serving.door import Call
from mintmark.serving.plain import Plain, find
from mintmark.serving.questions import shown
from mintmark.serving.refusals import NotAllowed, Refused
from mintmark.serving.stream import Stream

FORM = '{"bundle": "FOLDER"}, or {"version": "2"} of one that is served'
KNOWN: dict[str, type] = {"bundle": str, "version": str, "force": bool}


class Admin(Plain):
    """POST /v1/admin/models/{name}."""

    verb, needs = "admin", "admin"
    deploy: Deploy

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        name = self.name(call)
        asked = await self.read(call, receive, parse)
        by = call.key.id if call.key else ""
        if "bundle" in asked:
            told = await self.deploy.put(name, asked["bundle"], asked.get("version", ""), asked.get("force", False), by)
        else:
            told = await self.deploy.promote(name, asked["version"], by)
        return orjson.dumps(told)

    def name(self, call: Call) -> str:
        """Raises: NotAllowed: there are no keys, so it cannot be told who asks; NotFound."""
        if call.key is None:
            what = "the server asks for no API keys, so nobody may change what it serves."
            raise NotAllowed(what, where="path", fix="mintmark serve --keys FILE")
        call.model = find(self.models, call.path["name"], call).name
        return call.model

    def count(self, call: Call, status: int, seconds: float) -> None:
        self.counts.changed(call.model, self.verb, status)


class Rollback(Admin):
    """POST /v1/admin/models/{name}/rollback."""

    verb = "rollback"

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        name = self.name(call)
        return orjson.dumps(await self.deploy.back(name, call.key.id if call.key else ""))


def parse(content: bytes) -> dict[str, Any]:
    """Raises: Refused: not in the form."""
    asked = body.json(content, FORM)
    for name, value in asked.items():
        if name not in KNOWN:
            raise Refused(f"unknown field {name[:60]!r}; known: {', '.join(KNOWN)}.", where="body", fix=FORM)
        if type(value) is not KNOWN[name]:
            wanted = "true or false" if KNOWN[name] is bool else "a text"
            raise Refused(f"{wanted} is wanted, got {shown(value)}.", where=name, fix=FORM)
    if not asked.get("bundle") and not asked.get("version"):
        raise Refused("neither a bundle nor a version is named.", where="body", fix=FORM)
    if asked.get("version") and not VERSION.fullmatch(asked["version"]):
        what = f"{asked['version'][:60]!r} cannot be the name of a version: letters, digits, dots and dashes can."
        raise Refused(what, where="version", fix='"version": "2"')
    return asked
