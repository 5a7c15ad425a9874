"""The networks of nets.py, installed as a package that extends Mintmark would be."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).parent / "nets.py", place / "tiny_nets.py")
    about = place / "tiny_nets-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-nets\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[mintmark.nets]\ncurve = tiny_nets:curve\n")
    return place


@pytest.fixture
def nets(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Their package can be imported, here and by child processes; one thread, so that small steps stay small."""
    monkeypatch.syspath_prepend(package)
    monkeypatch.setenv("PYTHONPATH", str(package))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield package
    torch.set_num_threads(threads)
