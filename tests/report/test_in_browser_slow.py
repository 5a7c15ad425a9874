"""A page in a real browser: its pictures are drawn, nothing is refused or fetched, hostile names do nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_figures import answered
from test_report import HOSTILE, record

from mintmark.report import Figures, figures_of, write

pytestmark = pytest.mark.slow
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), "")


def seen(path: Path, home: Path) -> tuple[str, str]:
    """What the page has become once its scripts have run, and what the browser said of it."""
    if not CHROMIUM:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=10000")
    told = [CHROMIUM, *flags, f"--user-data-dir={home}", "--dump-dom", path.as_uri()]
    done = subprocess.run(told, capture_output=True, text=True, timeout=100, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pictures_are_drawn_and_nothing_is_refused(lang: str, tmp_path: Path) -> None:
    made = figures_of("abc-def-1", answered(500))
    hostile = [{**made.roc[0], "class": f"{HOSTILE}<img src=x onerror=alert(1)> {i}"} for i in range(3)]
    figures = Figures(**{n: getattr(made, n) for n in made.__dataclass_fields__} | {"roc": hostile})
    path = write(tmp_path / "report.html", record("tabular_classification"), figures, lang)
    wanted = path.read_text(encoding="utf-8").count("data-figure=")
    page, console = seen(path, tmp_path / "home")
    assert not console, "the browser complains of nothing"
    assert wanted >= 4 and len(re.findall(r'class="main-svg"[^>]*width', page)) >= wanted
    drawn = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r"<img|<a [^>]*href=\"(?!#)", drawn), "no tag comes from a name"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn, "it is shown as what it is"


def test_a_page_prints(tmp_path: Path) -> None:
    if not CHROMIUM:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    path = write(
        tmp_path / "report.html", record("tabular_classification"), figures_of("abc-def-1", answered(500)), "zh"
    )
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'home'}")
    out = tmp_path / "page.pdf"
    subprocess.run(
        [CHROMIUM, *flags, f"--print-to-pdf={out}", path.as_uri()], capture_output=True, timeout=100, check=True
    )
    assert out.read_bytes()[:5] == b"%PDF-" and out.stat().st_size > 20_000
