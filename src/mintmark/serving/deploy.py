"""Deploy: have another bundle answer for a name, or the one before it again, without a request being dropped.

A bundle is verified, loaded and asked once before it takes a place. Nothing is changed where that fails.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mintmark import spine
from mintmark.base.errors import MintmarkError
from mintmark.serving import lines
from mintmark.serving.deployed import Deployed, Room, Wanted
from mintmark.serving.history import later, passes_on
from mintmark.serving.model import Model
from mintmark.serving.refusals import NotAllowed, NotDeployed, NotFound, Refused, Unlike
from mintmark.serving.shelf import Line, Shelf

LOOK_S, FOLLOW_S = 0.25, 120.0
"""between two looks at what other workers have written; in which all must have followed"""
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Load = Callable[[Path], spine.Loaded]


class Deploy:
    """Changes what stands on a shelf; in all workers where there are several."""

    def __init__(
        self,
        shelf: Shelf,
        growing: Executor,
        places: Mapping[str, Path],
        bundles: Path | None,
        deployed: Deployed | None = None,
        room: Room | None = None,
        load: Load = spine.load,
    ) -> None:
        """places: folders of the command line, by name; bundles: the folder below which others may be named.

        deployed: where it is kept what is served; None: a restart goes back to the command line.
        load: verifies a bundle, and opens it where it is sealed.
        """
        self.shelf, self._growing, self._places, self._bundles = shelf, growing, places, bundles
        self._deployed, self._room, self._load_bundle = deployed, room, load
        self._seals = {name: seal(path) for name, path in places.items()}
        self._paths: dict[tuple[str, str], str] = {}
        """name and version -> folder, of what was loaded since the start"""
        self._done, self._seen = Wanted(), (0, 0)
        self._loading = ThreadPoolExecutor(1, "mintmark-load")
        self._asked, self._changing = asyncio.Lock(), asyncio.Lock()
        """one request for a change at a time; one change at a time, of whoever has asked for it"""

    async def put(self, name: str, bundle: str, version: str = "", force: bool = False, by: str = "") -> dict[str, Any]:
        """Have a bundle below the allowed folder answer for a name.

        Raises: NotAllowed, NotFound, Refused: no such folder; BundleError; Unlike: see `_take`; NotDeployed.
        """
        path = self._below(bundle)
        async with self._agreed():
            return await self._load(name, path, version, force, by)

    async def promote(self, name: str, version: str, by: str = "") -> dict[str, Any]:
        """Have a version that stands on the shelf answer for its name.   Raises: NotFound; NotDeployed."""
        async with self._agreed():
            model, before = self.shelf.version(name, version), self.shelf.lines[name].model
            if model is not before:
                self.shelf.turn(name, version, before.version)
            return self._said("promoted", model, before, by)

    async def back(self, name: str, by: str = "") -> dict[str, Any]:
        """Have the version before answer again. Asked twice, it is done once.

        Raises: Unlike: there is none; NotDeployed.
        """
        async with self._agreed():
            line = self.shelf.lines[name]
            if not line.before:
                what = f"no version was before {line.current!r}, so there is nothing to go back to."
                raise Unlike(what, where="path", fix=f'POST /v1/admin/models/{name} with {{"bundle": "..."}}')
            had = line.model
            self.shelf.turn(name, line.before)
            return self._said("rolled back", line.model, had, by)

    async def reread(self) -> None:
        """Load anew what has changed in the folders of the command line; what cannot be loaded leaves all as it is.

        A version that the command line names by its number stays what it was.
        """
        for name, path in self._places.items():
            if "@" in name or seal(path) == self._seals[name]:
                continue
            try:
                async with self._agreed():
                    now = seal(path)
                    if now != self._seals[name]:  # else another worker was first
                        await self._load(name, path, "", False, "SIGHUP")
                        self._seals[name] = now
            except Exception as exc:  # noqa: BLE001  nobody waits for the answer but the log
                why = str(exc) if isinstance(exc, MintmarkError) else "a bug of ours"
                bug = None if isinstance(exc, MintmarkError) else exc
                lines.log.error("%s was not read again, %s answers as before: %s", path, name, why, exc_info=bug)

    # --- what all workers agree on -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _agreed(self) -> AsyncIterator[None]:
        """A change that is kept, and made by every worker, or by none.   Raises: NotDeployed."""
        async with self._asked:
            if self._deployed is None:
                async with self._changing:
                    yield
                return
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._deployed.lock)
            try:
                await self.follow()
                async with self._changing:
                    yield
                    before, self._done = self._done, self._now()
                    kept = self._kept()
                if not kept:
                    await self.follow()  # what the file says still, which is what was served before
                    what = "what is to be served could not be written down, so it is what it was."
                    raise NotDeployed(what, where="server", fix="free space on the disk.")
                if self._room:
                    self._room.tell(self._done.generation)
                    await self._all(self._room, before)
            finally:
                self._deployed.unlock()

    def _kept(self) -> bool:
        assert self._deployed is not None
        try:
            self._deployed.write(self._done)
        except OSError as exc:
            lines.log.error("%s cannot be written: %s", self._deployed.path, exc.strerror)
            self._seen = -1, 0  # like no file, not even one that is not there
            return False
        self._seen = self._deployed.stamp()
        return True

    async def _all(self, room: Room, before: Wanted) -> None:
        """Wait for the other workers; if one of them cannot follow, all go back."""
        assert self._deployed is not None
        end = asyncio.get_running_loop().time() + FOLLOW_S
        while True:
            late, why = room.behind(self._done.generation)
            if not late:
                return
            if why or asyncio.get_running_loop().time() > end:
                break
            await asyncio.sleep(LOOK_S / 5)
        self._deployed.write(replace(before, generation=self._done.generation + 1))
        await self.follow()
        what = (
            f"worker {late[0]} could not follow: {why or f'not within {FOLLOW_S:g} s'}. All serve what they did before."
        )
        raise NotDeployed(what, where="server", fix="again later; see the server's log.")

    async def follow(self) -> None:
        """Serve what the file says, which this process or another has written.   Raises: MintmarkError."""
        if self._deployed is None:
            return
        async with self._changing:
            stamp = self._deployed.stamp()
            if stamp == self._seen:
                return
            wanted = self._deployed.read()
            for name in self.shelf.lines:
                await self._become(name, wanted.models.get(name))
            self._seals |= {name: seal_ for name, (_, seal_) in wanted.given.items() if name in self._seals}
            self._done, self._seen = wanted, stamp
            if self._room:
                self._room.tell(wanted.generation)

    async def start(self) -> None:
        """Serve what was decided before a restart; where that is no longer possible, what the command line names."""
        try:
            await self.follow()
        except MintmarkError as exc:
            lines.log.error("what was deployed before cannot be served, the command line's bundles are: %s", exc)
            if self._deployed:
                self._seen = self._deployed.stamp()
        if self._room:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Follow what other workers write."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.follow()
            except Exception as exc:  # noqa: BLE001  said to who asked for it, and to the log
                lines.log.error("what is deployed cannot be followed", exc_info=exc)
                if self._deployed and self._room:
                    self._seen = self._deployed.stamp()
                    why = str(exc) if isinstance(exc, MintmarkError) else type(exc).__name__
                    self._room.tell(self._deployed.read().generation, why)

    def close(self) -> None:
        if self._deployed:
            self._deployed.close()

    async def _become(self, name: str, wanted: Mapping[str, Any] | None) -> None:
        line = self.shelf.lines[name]
        if wanted is None:
            if line.current != line.first:
                self.shelf.turn(name, line.first)
            return
        await self._bring(line, name, wanted["current"], wanted)
        before = wanted["before"]
        try:
            await self._bring(line, name, before, wanted)
        except MintmarkError as exc:
            lines.log.warning("version %s of %s can be gone back to no longer: %s", before, name, exc)
            before = ""
        line.numbered = max(line.numbered, wanted["numbered"])
        if (line.current, line.before) != (wanted["current"], before):
            self.shelf.turn(name, wanted["current"], before)

    async def _bring(self, line: Line, name: str, version: str, wanted: Mapping[str, Any]) -> None:
        """Have a version on the shelf."""
        if not version or version in line.versions:
            return
        path, loop = Path(wanted["versions"].get(version, "")), asyncio.get_running_loop()
        model = await loop.run_in_executor(self._loading, self._made, name, path, version)
        before = line.model
        line.versions[version] = model
        self._paths[name, version] = str(path)
        await loop.run_in_executor(self._growing, lambda: model.inherit(before.loaded.past))

    def _now(self) -> Wanted:
        models = {}
        for name, line in self.shelf.lines.items():
            loaded = {v: self._paths[name, v] for v in line.versions if (name, v) in self._paths}
            if loaded or line.before or line.current != line.first:
                models[name] = {
                    "current": line.current, "before": line.before, "numbered": line.numbered, "versions": loaded,
                }  # fmt: skip
        given = {name: [str(path.absolute()), self._seals[name]] for name, path in self._places.items()}
        return Wanted(self._done.generation + 1, given, models)

    # --- one change --------------------------------------------------------------------------------------------------

    async def _load(self, name: str, path: Path, version: str, force: bool, by: str) -> dict[str, Any]:
        line, loop = self.shelf.lines[name], asyncio.get_running_loop()
        label = version or str(line.numbered + 1)
        if label in line.versions:
            what = f"version {label!r} of model {name!r} is served already."
            raise Unlike(what, where="version", fix=f'{{"version": "{label}"}} alone has it answer.')
        model = await loop.run_in_executor(self._loading, self._made, name, path, label)
        try:
            told = await self._take(line, model, force)
        except BaseException:
            line.versions.pop(label, None)
            self.shelf.retire(model)
            raise
        before = line.model
        self._paths[name, label] = str(path.absolute())
        if label.isdecimal():
            line.numbered = max(line.numbered, int(label))
        self.shelf.turn(name, label, before.version)
        return self._said("loaded", model, before, by) | told

    def _made(self, name: str, path: Path, version: str) -> Model:
        """In a thread: verified, parsed, its journal read, asked once."""
        model = self.shelf.make(name, self._load_bundle(path), version)
        model.warm()
        return model

    async def _take(self, line: Line, model: Model, force: bool) -> dict[str, Any]:
        """Put a model beside the others, with what the one before it knows; what has changed comes out.

        Raises: Unlike: it answers another kind of question, or, without force, it is asked in other words or would not
        know of events that have been sent.
        """
        before = line.model
        added, removed = _fields(before, model), _fields(model, before)
        if model.loaded.task.answer != before.loaded.task.answer:
            what = f"its answers are {model.loaded.task.answer}, those of version {before.version!r} are "
            raise Unlike(what + f"{before.loaded.task.answer}.", where="bundle", fix="serve it under another name.")
        if (added or removed) and not force:
            what = "it is asked in other words: " + ", ".join(
                [f"{n!r} is new" for n in added] + [f"{n!r} is gone" for n in removed]
            )
            raise Unlike(f"{what}.", where="bundle", fix='"force": true, once clients ask so.')
        old, new = before.loaded.past, model.loaded.past
        known = not before.history or passes_on(old, new)
        forgotten = 0 if known or not before.history else later(new, old, before.history.newest)
        if forgotten and not force:
            what = f"{forgotten:,} event{'s' if forgotten > 1 else ''} later than all that it was made from would be "
            what += "forgotten: its keys are hidden in another way, so it cannot take them over."
            fix = 'a bundle made from data that have them; or "force": true, and send them again.'
            raise Unlike(what, where="bundle", fix=fix)
        # from here on events reach it too; what came before is taken over behind them, in the thread that they grow in
        line.versions[model.version] = model
        loop = asyncio.get_running_loop()
        carried = await loop.run_in_executor(self._growing, lambda: model.inherit(before.loaded.past))
        return {"events": {"taken_over": carried, "forgotten": forgotten}, "fields": {"new": added, "gone": removed}}

    def _below(self, bundle: str) -> Path:
        if self._bundles is None:
            what = "no folder is set from which bundles may be loaded."
            raise NotAllowed(what, where="bundle", fix="mintmark serve --bundles DIR")
        root = self._bundles.resolve()
        try:
            path = (root / bundle).resolve()
            inside, there = path.is_relative_to(root), path.is_dir()
        except (OSError, ValueError, RuntimeError):
            inside, there = True, False
        if not inside:
            what = "lies outside of the folder from which bundles may be loaded."
            raise Refused(what, where="bundle", fix="a path below the folder of --bundles.")
        if not there:
            raise NotFound("there is no such folder.", where="bundle", fix="a path below the folder of --bundles.")
        return path

    def _said(self, how: str, model: Model, before: Model, by: str) -> dict[str, Any]:
        said = {"model": model.name, "version": model.version, "before": before.version}
        lines.event(how, **said, run=model.loaded.facts.get("run", ""), by=by)
        return said | {"run": model.loaded.facts.get("run", "")}


def seal(path: Path) -> str:
    """What changes whenever a bundle does: the hash of its signature, which covers all of it; empty without one."""
    try:
        return hashlib.sha256((path / "model.sig").read_bytes()).hexdigest()
    except OSError:
        return ""


def sealed(places: Mapping[str, Path]) -> dict[str, list[str]]:
    """What the command line names: name -> folder and seal."""
    return {name: [str(path.absolute()), seal(path)] for name, path in places.items()}


def _fields(old: Model, new: Model) -> list[str]:
    """Fields of the new one's questions that those of the old one have not, or not of this kind."""
    had = {f["name"]: f["kind"] for f in old.loaded.facts["questions"]}
    return [f["name"] for f in new.loaded.facts["questions"] if had.get(f["name"]) != f["kind"]]
