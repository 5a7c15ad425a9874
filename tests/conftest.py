"""Every test has a home of its own: keys, ledger and prices of the user are never touched."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("MINTMARK_HOME", str(place))
    for name in ("MINTMARK_LEDGER", "MINTMARK_PRICES"):
        patch.delenv(name, raising=False)
    return place


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Ctrl-C is heard, also where a shell has started the tests in the background, and no test leaves it otherwise."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets beside the checkout; tests that need it skip where it is absent."""
    place = ROOT.parent / "shared" / "data"
    if not place.is_dir():
        pytest.skip("the real data sets are not beside this checkout (../shared/data)")
    return place
