"""A forecast and a text, from recipe to server: one process serves both bundles by the command line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import contract
import httpx
import numpy as np
import openai
import pyarrow as pa
import pytest

from mintmark import spine, tasks
from mintmark.data import rows as table
from mintmark.recipe import schema as recipes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("both")
    for name in ("forecasting", "text_generation"):
        spine.run(contract.recipe_of(name), made / name, contract.source_of(name))
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    bundles = [f"{name}={folder / name / 'bundle'}" for name in ("forecasting", "text_generation")]
    command = [sys.executable, "-m", "mintmark", "serve", *bundles, "--port", "0", "--state", str(folder / "state")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        listening = next(line for line in process.stderr if "listens on" in line)
        found = re.search(r"http://\S+", listening)
        assert found
        yield found[0]
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_openai_client_completes_and_streams(url: str, folder: Path) -> None:
    asked = table.of({"prompt": ["the cat"], "n": [9.0], "seed": [3.0]})
    wanted = spine.answer(spine.load(folder / "text_generation" / "bundle"), asked).to_pylist()[0]
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=30) as client:
        said = client.completions.create(model="text_generation", prompt="the cat", max_tokens=9, seed=3)
        assert said.choices[0].text == wanted["text"] and said.choices[0].finish_reason == wanted["finish"]
        assert said.usage is not None and said.usage.completion_tokens == wanted["tokens"]
        chunks = list(
            client.completions.create(model="text_generation", prompt="the cat", max_tokens=9, seed=3, stream=True)
        )
        assert len(chunks) > 2 and "".join(c.choices[0].text for c in chunks if c.choices) == wanted["text"]
        talk = [{"role": "user", "content": "a dog"}]
        chat = client.chat.completions.create(model="text_generation", messages=talk, max_tokens=5, seed=1)  # type: ignore[call-overload]
        assert isinstance(chat.choices[0].message.content, str)
        with pytest.raises(openai.BadRequestError):
            client.completions.create(model="forecasting", prompt="x")


def test_new_actuals_change_the_next_forecast_as_a_longer_history_does(url: str, folder: Path) -> None:
    task, source = tasks.get("forecasting"), contract.source_of("forecasting")
    recipe, loaded = contract.recipe_of("forecasting"), spine.load(folder / "forecasting" / "bundle")
    config = recipes.build(task.config, recipe.settings, "settings")
    columns = recipe.roles(source.names, task.assumed)
    coming = task.upcoming(source, columns, config) if task.upcoming else source
    first = coming.take(np.array([0])).table()
    event = {n: first[n][0].as_py() for n in first.schema.names if n in source.names}
    event = {n: source.table()[n][0].as_py() if v is None else v for n, v in event.items()} | {columns.target: 99.0}
    later = coming.take(np.array([1]))
    row = {n: v.isoformat() if hasattr(v, "isoformat") else v for n, v in later.table().to_pylist()[0].items()}

    def forecast() -> float:
        got = httpx.post(f"{url}/v1/models/forecasting/predict", json={"row": row}, timeout=30)
        assert got.status_code == 200, got.text
        return float(got.json()["answers"][0]["value"])

    assert forecast() == pytest.approx(spine.answer(loaded, later)["value"][0].as_py(), rel=1e-9)
    sent = {n: v.isoformat() if hasattr(v, "isoformat") else v for n, v in event.items()}
    got = httpx.post(f"{url}/v1/models/forecasting/events", json={"row": sent}, timeout=30)
    assert got.status_code == 200, got.text
    schema = pa.schema([source.schema.field(n) for n in event])
    events = table.of(pa.Table.from_pylist([event], schema=schema))
    wanted = spine.answer(loaded, later, events)["value"][0].as_py()
    assert forecast() == pytest.approx(wanted, rel=1e-9)
    assert wanted != pytest.approx(spine.answer(loaded, later)["value"][0].as_py(), rel=1e-9)
