"""How fast `mintmark serve` answers, beside a FastAPI endpoint written by hand around the same LightGBM booster.

    python benchmarks/serving.py            writes benchmarks/results/serving.json

A table of 30 number columns is made up, mintmark trains on it, and all servers answer one row a request on loopback,
without reasons: each in its own uvicorn process, the load from another. One mintmark is as it comes, one is watched too
(`--state`: every answer is kept, counted against the training rows, and waits for its outcome). Runs alternate; the
figures are medians of the runs.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

COLUMNS, ROWS, SEED = 30, 20_000, 7
CLIENTS, RUNS, EACH_S, BODIES = 32, 5, 3.0, 512
HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", choices=("measure", "peer", "load"), default="measure")
    parser.add_argument("args", nargs="*")
    given = parser.parse_args()
    if given.role == "peer":
        peer(given.args[0], int(given.args[1]))
    elif given.role == "load":
        port, path, bodies, clients, seconds = given.args
        print(json.dumps(asyncio_run(load(int(port), path, Path(bodies), int(clients), float(seconds)))))
    else:
        measure()


def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        bundle, booster, rows = train(work)
        ours, theirs = work / "ours.jsonl", work / "theirs.jsonl"
        ours.write_text("".join(json.dumps({"row": row}) + "\n" for row in rows))
        theirs.write_text("".join(json.dumps(row) + "\n" for row in rows))
        script = [sys.executable, str(Path(__file__).resolve())]
        mintmark = str(Path(sys.executable).with_name("mintmark"))
        command = [mintmark, "serve", f"bench={bundle}", "--port"]
        watched = [*command, "18473", "--state", str(work / "state")]
        sides = {
            "mintmark": ("/v1/models/bench/predict", ours, command + ["18471"], 18471),
            "watched": ("/v1/models/bench/predict", ours, watched, 18473),
            "fastapi": ("/predict", theirs, script + ["peer", str(booster), "18472"], 18472),
        }
        servers = [subprocess.Popen(s[2], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for s in sides.values()]
        try:
            for side in sides.values():
                wait_for(side[3])
            same = compare(sides, rows[:50])
            runs: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
            for i in range(RUNS + 1):
                for name in sides if i % 2 else reversed(sides):
                    path, bodies, _, port = sides[name]
                    figures = {}
                    for clients in (1, CLIENTS):
                        args = ["load", str(port), path, str(bodies), str(clients), str(EACH_S if i else 1.0)]
                        said = subprocess.run(script + args, check=True, capture_output=True, text=True)
                        figures |= {f"{k}.{clients}": v for k, v in json.loads(said.stdout).items()}
                    if i:  # the first round warms up
                        runs[name].append(figures)
                        print(name, {k: round(v, 1) for k, v in figures.items()}, file=sys.stderr)
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                server.wait(30)
    write(runs, same)


def train(work: Path) -> tuple[Path, Path, list[dict[str, float]]]:
    """A bundle by mintmark, the text of the booster in it, and rows to ask."""
    import numpy as np
    import pyarrow as pa

    import mintmark as mm

    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(ROWS, COLUMNS)).round(4)
    y = (x[:, :8].sum(1) + x[:, 0] * x[:, 1] + rng.normal(size=ROWS) > 0).astype(int)
    names = [f"f{i:02d}" for i in range(COLUMNS)]
    table = pa.table(dict(zip(names, x.T, strict=True)) | {"target": y})
    recipe = {"version": 1, "task": "tabular_classification", "target": "target", "settings": {"n_estimators": 200}}
    made = mm.run(recipe, data=table, out=work / "runs")
    booster = next((made.bundle / "model").rglob("model.txt"))
    return made.bundle, booster, [dict(zip(names, map(float, row), strict=True)) for row in x[:BODIES]]


def peer(model: str, port: int) -> None:
    """The endpoint that one would write by hand."""
    import lightgbm
    import numpy as np
    import uvicorn
    from fastapi import FastAPI
    from pydantic import create_model

    booster = lightgbm.Booster(model_file=model)
    names = booster.feature_name()
    fields: dict[str, Any] = {f"f{i:02d}": (float, ...) for i in range(COLUMNS)}
    row_type = create_model("Row", **fields)
    app = FastAPI()
    assert len(names) == len(fields)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    async def predict(row: Any) -> dict[str, Any]:
        x = np.array([list(row.__dict__.values())])
        p = float(booster.predict(x, num_threads=1)[0])
        return {"probability": {"0": 1 - p, "1": p}, "decision": "1" if p > 0.5 else "0"}

    predict.__annotations__["row"] = row_type
    app.post("/predict")(predict)
    uvicorn.run(app, port=port, http="httptools", loop="uvloop", access_log=False, log_level="warning")


class Client(asyncio.Protocol):
    """One keep-alive connection that asks again as soon as it is answered."""

    def __init__(self, requests: list[bytes], at: int, times: list[float], end: float, done: Any) -> None:
        self.requests, self.at, self.times, self.end, self.done = requests, at, times, end, done
        self.got, self.wanted = b"", -1

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.got, self.wanted = b"", -1
        self.at = (self.at + 1) % len(self.requests)
        self.start = time.perf_counter()
        self.transport.write(self.requests[self.at])

    def data_received(self, data: bytes) -> None:
        self.got += data
        if self.wanted < 0 and (head := self.got.find(b"\r\n\r\n")) > 0:
            if not self.got.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(self.got[:500])
            length = self.got.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            self.wanted = head + 4 + int(length)
        if self.wanted == len(self.got):
            now = time.perf_counter()
            self.times.append(now - self.start)
            if now < self.end:
                self.ask()
            else:
                self.transport.close()
                self.done.set_result(None)


async def load(port: int, path: str, bodies: Path, clients: int, seconds: float) -> dict[str, float]:
    """Answers a second, and quantiles of the time of one, in milliseconds."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: "
    requests = [head.encode() + f"{len(b)}\r\n\r\n".encode() + b for b in bodies.read_bytes().splitlines()]
    loop, times = asyncio.get_running_loop(), []
    done = [loop.create_future() for _ in range(clients)]
    start = time.perf_counter()
    for i, one in enumerate(done):
        await loop.create_connection(
            lambda i=i, one=one: Client(requests, i * 7, times, start + seconds, one), "127.0.0.1", port
        )
    await asyncio.wait_for(asyncio.gather(*done), seconds + 30)
    took = time.perf_counter() - start
    cuts = statistics.quantiles(times, n=100)
    return {"per_s": len(times) / took, "p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}


def asyncio_run(work: Any) -> Any:
    import uvloop

    return uvloop.run(work)


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def compare(sides: dict[str, Any], rows: list[dict[str, float]]) -> dict[str, float]:
    """How far the order of the probabilities agrees: calibration moves them, but keeps their order."""
    p: dict[str, list[float]] = {}
    for name, (path, _, _, port) in sides.items():
        p[name] = []
        for row in rows:
            body = json.dumps(row if name == "fastapi" else {"row": row}).encode()
            url, kind = f"http://127.0.0.1:{port}{path}", {"content-type": "application/json"}
            said = json.load(urllib.request.urlopen(urllib.request.Request(url, body, kind)))
            answer = said if name == "fastapi" else said["answers"][0]
            p[name].append(answer["probability"]["1"])
    orders = [sorted(range(len(rows)), key=lambda i, ps=ps: ps[i]) for ps in p.values()]
    return {"rows": len(rows), "same_order": float(all(order == orders[0] for order in orders))}


def write(runs: dict[str, list[dict[str, float]]], same: dict[str, float]) -> None:
    figures = {n: {k: statistics.median(r[k] for r in rs) for k in rs[0]} for n, rs in runs.items()}
    ours, theirs = figures["mintmark"], figures["fastapi"]
    ratio = {k: ours[k] / theirs[k] for k in ours}
    watching = {k: figures["watched"][k] / ours[k] for k in ours}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True)
    packages = ("mintmark", "fastapi", "uvicorn", "uvloop", "httptools", "orjson", "pydantic", "lightgbm", "numpy")
    out = {
        "what": f"POST of one row of {COLUMNS} numbers, loopback; medians of {RUNS} alternating runs of {EACH_S} s",
        "peer": "FastAPI endpoint written by hand: pydantic model, numpy row, the same booster on one thread",
        "targets": {
            "ratio p50_ms.1": "at most 1.5",
            f"ratio per_s.{CLIENTS}": "at least 1.5",
            f"ratio p99_ms.{CLIENTS}": "at most 1.0",
        },
        "ratio": ratio,
        "watched_to_unwatched": watching,
        "figures": figures,
        "runs": runs,
        "answers_compared": same,
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "python": platform.python_version()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or "none",
        "seed": SEED,
        "n": {"training_rows": ROWS, "bodies": BODIES, "runs": RUNS, "clients": CLIENTS},
        "versions": {p: version(p) for p in packages},
    }
    path = HERE / "results" / "serving.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(out, indent=1) + "\n")
    print(json.dumps({"ratio": ratio, "watched_to_unwatched": watching, "written": str(path)}, indent=1))


if __name__ == "__main__":
    main()
