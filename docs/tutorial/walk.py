"""Walk the tutorial or the story: carry out its blocks one after another in a folder, and write down what they print.

python docs/tutorial/walk.py [tutorial|story]     both pages of each, each in its own language

A block of TOML or Python that has a name is a file; of bash it is done; a block of text is what the one before it
printed. `mintmark serve` runs until the end. What one block exports the next ones have.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGES = {
    name: {"en": HERE.parent / f"{name}.md", "zh": HERE.parent / f"{name}.zh-CN.md"} for name in ("tutorial", "story")
}
FENCE = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", re.M | re.S)
PORT = "127.0.0.1:8000"
LONGEST_S = 300
MODELS = re.compile(
    r"lightgbm|xgboost|catboost|forest|extra.trees|decision.tree|\bebm\b|regression|_svm|blend|trials|次试验"
)
"""a line that speaks of models, which a machine may choose otherwise"""


@dataclass(frozen=True)
class Block:
    kind: str
    name: str
    content: str
    start: int
    """of the content in the page"""
    stop: int


class Failed(Exception):
    """A block ended with another code than 0, or a server did not start."""


def blocks(page: str) -> list[Block]:
    return [Block(m[1], m[2].strip(), m[3], m.start(3), m.end(3)) for m in FENCE.finditer(page)]


def walk(
    page: str, folder: Path, lang: str = "en", change: Callable[[Block], str] = lambda block: block.content
) -> dict[int, str]:
    """What each block of bash prints, by its place among the blocks.   Raises: Failed: names the block.

    change: what is carried out in place of a block.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept, own = folder.parent / f"{folder.name}.exported", f"127.0.0.1:{free_port()}"
    env, said = environment(folder, lang), {}
    with servers() as start:
        for i, block in enumerate(blocks(page)):
            text = change(block).replace(PORT, own)
            if block.kind in ("toml", "python") and block.name:
                (folder / block.name).write_text(text, encoding="utf-8")
            elif block.kind == "bash" and text.startswith("mintmark serve "):
                log = folder.parent / f"{folder.name}.log"
                start(f"exec {text.strip()} --port {own.partition(':')[2]}", folder, env, log, own)
                said[i] = greeting(log.read_text(encoding="utf-8")).replace(own, PORT)
            elif block.kind == "bash":
                said[i] = done(text, folder, env, kept).replace(own, PORT)
    return said


def done(text: str, folder: Path, env: Mapping[str, str], kept: Path) -> str:
    script = f'[ -e "{kept}" ] && . "{kept}"\nset -euo pipefail\n{text}\nexport -p > "{kept}"\n'
    made = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=LONGEST_S
    )
    if made.returncode:
        raise Failed(f"exit {made.returncode}:\n{text}\n{made.stdout}\n{made.stderr}")
    return made.stdout


@contextmanager
def servers() -> Iterator[Callable[[str, Path, Mapping[str, str], Path, str], None]]:
    """Starts a server and waits until it answers; in the end all are told to stop, and must do so in good order."""
    running: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(command: str, folder: Path, env: Mapping[str, str], log: Path, at: str) -> None:
        with log.open("wb") as file:
            made = subprocess.Popen(["bash", "-c", command], cwd=folder, env=env, stdout=file, stderr=file)
        running.append((made, log))
        end = time.monotonic() + LONGEST_S / 5
        while not answers(f"http://{at}/healthz"):
            if made.poll() is not None or time.monotonic() > end:
                raise Failed(f"no server:\n{command}\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.1)

    try:
        yield start
        for server, log in running:
            server.send_signal(signal.SIGTERM)
            if server.wait(LONGEST_S / 5):
                raise Failed(f"the server ended with {server.returncode}:\n{log.read_text(encoding='utf-8')}")
    finally:
        for server, _ in running:
            if server.poll() is None:
                server.kill()
                server.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def environment(folder: Path, lang: str) -> dict[str, str]:
    """Of a machine that has never seen mintmark, in this language."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MINTMARK_", "LC_", "LANG"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"
    home = str(folder.parent / f"{folder.name}.home")
    return env | {"PATH": path, "MINTMARK_HOME": home, "LANGUAGE": {"zh": "zh_CN"}.get(lang, lang), "PYTHONUTF8": "1"}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def greeting(log: str) -> str:
    """What a server says to people; what it logs is JSON."""
    return "".join(f"{line}\n" for line in log.splitlines() if not line.startswith("{"))


# --- what is shown ----------------------------------------------------------------------------------------------------


def shown(page: str) -> dict[int, str]:
    """What the page shows as printed, by the place of the block that prints it."""
    made = blocks(page)
    return {
        i: made[i + 1].content for i in range(len(made) - 1) if made[i].kind == "bash" and made[i + 1].kind == "text"
    }


def put(page: str, said: Mapping[int, str]) -> str:
    """The page with what was printed now."""
    made = blocks(page)
    for i in sorted(shown(page), reverse=True):
        page = page[: made[i + 1].start] + said[i].strip("\n") + "\n" + page[made[i + 1].stop :]
    return page


def stable(text: str) -> list[str]:
    """The lines that every machine prints: figures and hashes are N, and what speaks of models is left out."""
    lines = (
        re.sub(r"[-−+]?\b[0-9a-f]*\d[\w.,:%+−-]*", "N", line) for line in text.splitlines() if not MODELS.search(line)
    )
    return [made for line in lines if (made := " ".join(line.split()))]


def missing(page: str, said: Mapping[int, str]) -> list[str]:
    """Stable lines that the page shows and that were not printed."""
    return [line for i, text in shown(page).items() for line in stable(text) if line not in set(stable(said[i]))]


def main(names: Iterable[str] = PAGES) -> None:
    for lang, path in ((lang, path) for name in names for lang, path in PAGES[name].items()):
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "shop"
            place.mkdir()
            (place / "payments.py").write_bytes((HERE / "payments.py").read_bytes())
            start = time.monotonic()
            path.write_text(put(page, walk(page, place, lang)), encoding="utf-8")
        print(f"{path.name}: {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:] or PAGES)
