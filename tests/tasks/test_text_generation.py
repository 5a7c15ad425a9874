"""Text generation: what is learnt, asked, written and measured; what is refused, with what words."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from mintmark import spine, tasks
from mintmark.base.errors import DataError, RecipeError
from mintmark.data import rows as table
from mintmark.data.past import Past
from mintmark.data.rows import Rows
from mintmark.numerics import texts
from mintmark.numerics.batch import View
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema

torch.set_num_threads(1)
ROOT = Path(__file__).parents[2]
TASK = tasks.get("text_generation")
TINY: dict[str, Any] = TASK.starter["settings"]
POEMS = [
    {"title": "靜夜思", "author": "李白", "paragraphs": ["床前明月光，疑是地上霜。", "舉頭望明月，低頭思故鄉。"]},
    {"title": "登鸛雀樓", "author": "王之渙", "paragraphs": ["白日依山盡，黃河入海流。", "欲窮千里目，更上一層樓。"]},
    {"title": "春曉", "author": "孟浩然", "paragraphs": ["春眠不覺曉，處處聞啼鳥。", "夜來風雨聲，花落知多少。"]},
]


def recipe(data: Path | str = "example", settings: dict[str, Any] | None = None, **more: Any) -> schema.Recipe:
    raw = {"task": "text_generation", "data": str(data), "settings": TINY | (settings or {}), **more}
    return schema.parse(raw, where="recipe")


def lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return path


def stories(n: int = 90, seed: int = 5) -> Rows:
    return TASK.example(np.random.default_rng(seed)).take(np.arange(n))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> spine.Loaded:
    """A model that knows its stories."""
    folder = tmp_path_factory.mktemp("stories")
    spine.run(recipe(settings={"steps": 300, "width": 32, "dropout": 0.0}), folder, stories())
    return spine.load(folder / "bundle")


def written(made: spine.Loaded, **columns: Any) -> list[dict[str, Any]]:
    return spine.answer(made, table.of(columns)).to_pylist()  # type: ignore[no-any-return]


# --- what is learnt and written --------------------------------------------------------------------------------------


def test_a_gpt_learns_the_grammar(made: spine.Loaded) -> None:
    """27 equally likely stories are log(27) nats each; letters by their frequency alone say many times that."""
    whole = stories().table()["text"].to_pylist()
    prepared = spine.prepare(recipe(), stories())
    state = TASK.learn(prepared.parts.dev.questions, prepared.parts.dev.truth, prepared.columns, TASK.config(**TINY))
    found = {m.name: m.value for m in TASK.loss(made.model, spine.view(prepared, state, prepared.parts.test.open()))}  # type: ignore[misc]
    counts, n = Counter("".join(whole)), sum(map(len, whole))
    unigram = -sum(c / n * math.log(c / n) for c in counts.values())
    story = math.log(27) / (n / len(whole))
    assert story * 0.9 < found["nats_per_character"] < 0.25 * unigram
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))
    assert found["bits_per_byte"] == pytest.approx(found["nats_per_character"] / math.log(2))
    said = written(made, prompt=["the "] * 30, n=[60.0] * 30, seed=np.arange(30.0), temperature=[0.5] * 30)
    right = [a["finish"] == "stop" and "the " + a["text"] in whole for a in said]
    assert np.mean(right) > 0.8 and len({a["text"] for a in said}) > 3


def test_the_same_seed_writes_the_same_and_greed_needs_none(made: spine.Loaded) -> None:
    again = [written(made, prompt=["a d"] * 3, seed=[1.0, 2.0, 1.0], temperature=[1.5] * 3, n=[30.0] * 3) for _ in "ab"]
    assert again[0] == again[1] and again[0][0] == again[0][2] != again[0][1]
    greedy = written(made, prompt=["a d"] * 2, seed=[1.0, 2.0], temperature=[0.0] * 2)
    assert greedy[0] == greedy[1]


def test_fields_that_are_left_out_have_the_settings_values(made: spine.Loaded) -> None:
    n = float(TINY["n"])
    full = written(made, prompt=["the c"], n=[n], seed=[0.0], temperature=[1.0], top_k=[0.0], top_p=[1.0], min_p=[0.0])
    assert written(made, prompt=["the c"]) == full
    assert [f.get("optional", False) for f in made.facts["questions"]] == [False] + [True] * 7


def test_counts_and_ends_are_told(made: spine.Loaded) -> None:
    cut, stopped, whole, none = written(
        made,
        prompt=["the cat"] * 4,
        n=[3.0, 60.0, 60.0, 0.0],
        temperature=[0.0] * 4,
        stop=[None, [" o", "zz"], None, None],
    )
    assert (cut["tokens"], len(cut["text"]), cut["finish"]) == (3, 3, "length")
    assert cut["prompt_tokens"] == 8  # with the mark of a beginning
    assert (
        stopped["finish"] == "stop"
        and " o" not in stopped["text"]
        and (stopped["text"] + " o" in whole["text"] or stopped["text"] == whole["text"])
    )
    assert whole["finish"] == "stop" and whole["text"].endswith(".")
    assert (none["text"], none["tokens"]) == ("", 0)


def test_a_stream_grows_to_the_answer(made: spine.Loaded) -> None:
    asked = table.of({"prompt": ["the ", "a"], "n": [20.0, 9.0], "seed": [3.0, 4.0], "stop": [["."], None]})
    parts = [t.to_pylist() for t in spine.stream(made, asked)]
    assert parts[-1] == spine.answer(made, asked).to_pylist() and len(parts) > 5
    for one in zip(*parts, strict=True):
        assert all(b["text"].startswith(a["text"]) for a, b in zip(one, one[1:], strict=False))


def test_a_prompt_longer_than_the_context_is_read_from_its_end(made: spine.Loaded) -> None:
    long = "a dog sat on the mat." * 5000
    first, second = written(made, prompt=[long, "zzz" + long], n=[20.0, 20.0], temperature=[0.0, 0.0])
    assert first == second and first["prompt_tokens"] == TINY["context"]


def test_a_missing_or_blank_prompt_is_an_empty_one(made: spine.Loaded) -> None:
    empty, blank, none = written(made, prompt=["", " \n", None])
    assert empty == blank == none and empty["tokens"] > 0


@pytest.mark.parametrize("documents", ["rows", "stream"])
def test_prompts_and_truths_are_the_texts(documents: str) -> None:
    rows = table.of({"text": ["  \n first", "second one", "", "x"]})
    config = TASK.config(**TINY | {"documents": documents, "prompt": 3, "samples": 2, "n": 7})
    questions, truth = TASK.ask(rows, schema.Columns(text="text"), config)
    asked, rest = questions.table().to_pylist(), truth.table()["text"].to_pylist()
    assert [q["prompt"] + r for q, r in zip(asked, rest, strict=True)] == ["  \n first", "second one", "", "x"]
    assert asked[0]["prompt"] == "" and asked[1]["prompt"] == "sec"
    assert [q["n"] for q in asked] == [7, 0, 0, 7]


def test_lists_are_joined_line_by_line_below_their_head() -> None:
    config = TASK.config(**TINY | {"head": ("title",), "prompt": 2})
    questions, truth = TASK.ask(table.of(pa.Table.from_pylist(POEMS)), schema.Columns(text="paragraphs"), config)
    assert questions.table()["prompt"][0].as_py() == "靜夜思\n床前"
    assert truth.table().column(0)[0].as_py() == "明月光，疑是地上霜。\n舉頭望明月，低頭思故鄉。"


def test_chinese_poems_are_learnt_by_heart_and_written_to_a_title(tmp_path: Path) -> None:
    data = lines(tmp_path, POEMS * 12)
    settings = {"head": ["title"], "prompt": 0, "width": 32, "steps": 150, "context": 64, "n": 40, "temperature": 0.0}
    spine.run(recipe(data, settings, columns={"text": "paragraphs"}), tmp_path)
    made = spine.load(tmp_path / "bundle")
    said = written(made, prompt=[f"{p['title']}\n" for p in POEMS])
    assert [a["text"] for a in said] == ["\n".join(p["paragraphs"]) for p in POEMS]
    assert {a["finish"] for a in said} == {"stop"}


def test_the_last_pieces_of_a_text_file_are_the_test(tmp_path: Path) -> None:
    path = tmp_path / "tale.txt"
    path.write_text("".join(f"Line {i} says that {i} and 1 is {i + 1}.\n" for i in range(600)), encoding="utf-8")
    prepared = spine.prepare(recipe(path, {"n": 5}, test_share=0.1))
    assert prepared.parts.by == "time"
    test = prepared.parts.test.open()
    last = [
        (q or "") + t
        for q, t in zip(
            test.questions.table()["prompt"].to_pylist(), test.truth.table()["text"].to_pylist(), strict=True
        )
    ]
    assert path.read_text(encoding="utf-8").endswith("".join(last)) and len("".join(last)) > 1000
    state = TASK.learn(prepared.parts.dev.questions, prepared.parts.dev.truth, prepared.columns, TASK.config(**TINY))
    assert state.facts["joined"]


def test_loss_counts_every_character_of_the_view_once() -> None:
    """A model that thinks all tokens equally likely is as surprised as it can be worked out by hand."""
    config = TASK.config(**TINY)
    questions, truth = TASK.ask(stories(20), schema.Columns(text="text"), config)
    state = TASK.learn(questions, truth, schema.Columns(text="text"), config)
    chunk = next(iter(questions))
    batch = TASK.encode(state, chunk, Past().as_of(chunk))
    y = np.array(truth.table()["text"].to_pylist(), object)
    view = View(lambda: iter([type(batch)(batch.arrays, batch.facts, y)]))
    model = TASK.fit(view, None, TASK.config(**TINY | {"steps": 1}), Ctx())
    flat = type(model)({k: np.zeros_like(v) for k, v in model.arrays.items()}, model.facts)
    found = {m.name: m.value for m in TASK.loss(flat, view)}  # type: ignore[misc]
    whole = stories(20).table()["text"].to_pylist()
    vocabulary, letters = model.arrays["embed.weight"].shape[0], sum(map(len, whole))
    assert found["perplexity"] == pytest.approx(vocabulary, rel=1e-5)
    assert found["nats_per_character"] == pytest.approx(math.log(vocabulary) * (letters + 20) / letters, rel=1e-5)


def test_how_varied_texts_are() -> None:
    units = [texts.units("The cat, the CAT!"), texts.units("明月光 cat")]
    assert units == [["the", "cat", "the", "cat"], ["明", "月", "光", "cat"]]
    assert texts.distinct(units, 1) == 5 / 8 and texts.distinct(units, 2) == 5 / 6
    assert texts.repeated([list("abcabcabc")], 3) == pytest.approx(4 / 7) and texts.repeated([["a"]], 3) == 0


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("n", -1.0, "a whole number from 0"), ("n", 1e9, "to 4096"), ("n", 1.5, "a whole number"),
        ("temperature", -0.1, "from 0 to 100"), ("temperature", math.inf, "from 0 to 100"),
        ("top_p", 0.0, "above 0 to 1"), ("min_p", 2.0, "from 0 to 1"), ("top_k", -3.0, "from 0"),
        ("seed", 0.5, "a whole number"),
    ],
)  # fmt: skip
def test_a_number_beyond_its_limits_is_named_with_its_row(
    made: spine.Loaded, column: str, value: float, wanted: str
) -> None:
    with pytest.raises(DataError, match=f"column '{column}', row 2.*{wanted}"):
        written(made, prompt=["a", "b"], **{column: [None, value]})


def test_a_stop_that_is_no_text_is_named(made: spine.Loaded) -> None:
    for stop in ([[1, 2]], [["x"] * 100], [["x" * 2000]]):
        with pytest.raises(DataError, match="column 'stop', row 1"):
            written(made, prompt=["a"], stop=stop)


@pytest.mark.parametrize("content", [b"", b" \n\n \n"])
def test_an_empty_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match="a.txt"):
        spine.prepare(recipe(tmp_path / "a.txt"))


def test_rows_without_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no text in any of 12 rows"):
        spine.prepare(recipe(), table.of({"text": pa.array([""] * 12, pa.string())}))


def test_a_file_that_is_no_text_is_refused_by_its_reader(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("好".encode() * 500 + b"\xff\xfe\xfa\x00\x81")
    with pytest.raises(DataError, match="a.txt"):
        spine.prepare(recipe(tmp_path / "a.txt"))


def test_a_line_of_a_megabyte_is_learnt_from(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abcdefghij" * 100_000, encoding="utf-8")
    settings = {"tokens": "bpe", "steps": 3, "evaluate_every": 3, "samples": 2, "n": 2}
    prepared = spine.prepare(recipe(tmp_path / "a.txt", settings))
    trained = spine.train(prepared, {}, Ctx())
    assert {m.name: m.value for m in trained.measures}["nats_per_character"] > 0


@pytest.mark.parametrize(
    ("rows", "changes", "wanted"),
    [
        ({"words": ["a"] * 12}, {}, r'columns.text: no column is the text; there are words.*text = "words"'),
        ({"text": ["a"] * 12}, {"target": "text"}, "has no target"),
        ({"text": ["a"] * 12}, {"settings": {"head": ["titel"]}}, "settings.head.*titel"),
        ({"text": ["a"] * 12}, {"settings": {"width": 30, "heads": 4}}, "settings.width.*width = 32"),
    ],
)  # fmt: skip
def test_a_recipe_that_does_not_fit_is_told_what_to_write(
    rows: dict[str, Any], changes: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(RecipeError, match=wanted):
        spine.prepare(schema.parse({"task": "text_generation", **changes}, where="recipe"), table.of(rows))


def test_numbers_are_no_text() -> None:
    with pytest.raises(DataError, match="column 'age' holds int64 values"):
        spine.prepare(recipe(columns={"text": "age"}), table.of({"age": list(range(12))}))


# --- pretrained models -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny one, as save_pretrained writes it."""
    return publish(tmp_path_factory.mktemp("llama"), "llama")


def publish(folder: Path, kind: str) -> Path:
    import transformers

    from mintmark.deep import tokens

    inner = tokens.of(tokens.learn(stories().table()["text"].to_pylist(), "bpe", 300).encode()).inner
    inner.add_special_tokens(["<s>", "</s>"])
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    fast.save_pretrained(folder)
    marks = {"vocab_size": len(fast), "bos_token_id": fast.bos_token_id, "eos_token_id": fast.eos_token_id}
    config: Any
    if kind == "llama":
        sizes = {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 64}
        config = transformers.LlamaConfig(hidden_size=32, max_position_embeddings=64, **sizes, **marks)
    else:
        config = transformers.GPT2Config(n_embd=32, n_layer=1, n_head=2, n_positions=48, **marks)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("kind", "tuning"), [("llama", "lora"), ("llama", "full"), ("gpt2", "full")])
def test_a_pretrained_folder_is_tuned_and_no_longer_needed(llama: Path, tmp_path: Path, kind: str, tuning: str) -> None:
    import shutil

    folder = shutil.copytree(llama, tmp_path / "model") if kind == "llama" else publish(tmp_path / "model", kind)
    settings = {
        "pretrained": str(folder),
        "tuning": tuning,
        "steps": 12,
        "evaluate_every": 12,
        "n": 6,
        "samples": 8,
        "dropout": 0.0,
    }
    prepared = spine.prepare(recipe(settings=settings), stories())
    before, after = (
        {m.name: m.value for m in spine.train(prepared, {"steps": steps}, Ctx()).measures}["loss"] for steps in (1, 12)
    )
    assert after < before - 0.1
    spine.run(recipe(settings=settings), tmp_path / "run", stories())
    shutil.rmtree(folder)
    made = spine.load(tmp_path / "run" / "bundle")
    asked = {"prompt": ["the cat", "a", "one bird sang"], "n": [6.0, 70.0, 3.0], "seed": [1.0, 2.0, 3.0]}
    together = written(made, **asked)
    alone = [written(made, **{k: [v[i]] for k, v in asked.items()})[0] for i in range(3)]
    assert [a["text"] for a in together] == [a["text"] for a in alone]
    assert together[0]["tokens"] == 6 or together[0]["finish"] == "stop"


def test_weights_as_pickle_are_refused_with_the_way_to_convert_them(llama: Path, tmp_path: Path) -> None:
    folder = copied(llama, tmp_path, without="model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(RecipeError, match="pytorch_model.bin.*safe_serialization=True"):
        fitted(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_missing_file_of_a_pretrained_model_is_named(llama: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match=f"lacks {name}"):
        fitted(copied(llama, tmp_path, without=name))


def test_a_missing_part_of_the_weights_is_named(llama: Path, tmp_path: Path) -> None:
    folder = copied(llama, tmp_path, without="")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(RecipeError, match="lacks model-00002-of-00002.safetensors"):
        fitted(folder)


def test_a_hub_name_without_a_connection_is_told_what_to_pass(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        RecipeError, match="'openai-community/gpt2' is no folder here and could not be fetched.*folder that"
    ):
        fitted("openai-community/gpt2")


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all"])
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(RecipeError, match="there is no folder"):
        fitted(name)


def copied(folder: Path, to: Path, without: str) -> Path:
    import shutil

    return Path(shutil.copytree(folder, to / "model", ignore=shutil.ignore_patterns(without or "\0")))


def fitted(name: Path | str) -> None:
    prepared = spine.prepare(recipe(settings={"pretrained": str(name)}), stories())
    spine.train(prepared, {}, Ctx())


# --- recipes ---------------------------------------------------------------------------------------------------------

SMALL = [
    "layers=1",
    "width=32",
    "heads=2",
    "context=32",
    "steps=12",
    "batch=8",
    "n=8",
    "samples=12",
    "evaluate_every=6",
]


def small(name: str, data: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import mintmark as mm
    from mintmark import api

    monkeypatch.setattr(api, "CALL_S", 0.01)
    sets = [f"settings.{s}" for s in (*SMALL, 'precision="fp32"')]
    return mm.run(ROOT / "recipes" / name, data=data, out=out, sets=sets)


def test_the_recipe_for_a_text_runs_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "input.txt"
    path.write_text(
        "".join(f"KING {i % 7}:\nMy lord, the {i % 11}th is come.\n\n" for i in range(900)), encoding="utf-8"
    )
    run = small("q28_generation.toml", path, tmp_path / "runs", monkeypatch)
    assert run.record.split == "time" and 0 < run.measures["evaluate.nats_per_character"] < 6
    said = written(spine.load(run.bundle), prompt=["KING 3:\n"], seed=[1.0])
    assert 0 < said[0]["tokens"] <= 8


def test_the_recipe_for_poems_runs_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = small("q28_poetry_zh.toml", lines(tmp_path, POEMS * 10), tmp_path / "runs", monkeypatch)
    assert run.measures["evaluate.bits_per_byte"] < run.measures["evaluate.nats_per_character"]
    assert written(spine.load(run.bundle), prompt=["春曉\n"])[0]["prompt_tokens"] == 4


@pytest.mark.slow
def test_shakespeare_is_learnt_in_a_tenth_of_the_recipes_steps(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are equally likely are log(256) = 5.5 nats each, an order-3 model of letters has about 2."""
    run = real("q28_generation.toml", real_data / "text_tinyshakespeare" / "input.txt", tmp_path, monkeypatch)
    assert run.measures["evaluate.nats_per_character"] < 1.9
    said = written(spine.load(run.bundle), prompt=["ROMEO:\n"] * 2, n=[80.0] * 2, seed=[1.0, 2.0])
    assert len({a["text"] for a in said}) == 2 and all(len(texts.units(a["text"])) > 10 for a in said)


@pytest.mark.slow
def test_tang_poems_are_learnt_in_a_tenth_of_the_recipes_steps(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Characters by their frequency alone are about 6.6 nats each; five or seven of them make a line."""
    run = real("q28_poetry_zh.toml", real_data / "text_tang_poetry" / "poems.jsonl", tmp_path, monkeypatch)
    assert run.measures["evaluate.nats_per_character"] < 6.0
    said = written(spine.load(run.bundle), prompt=["春夜喜雨\n"] * 9, n=[60.0] * 9, seed=np.arange(9.0))
    lines = [part for a in said for line in a["text"].split("\n")[:-1] for part in line.rstrip("。").split("，")]
    assert np.mean([len(part) in (5, 7) for part in lines]) > 0.6


def real(name: str, data: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import mintmark as mm
    from mintmark import api

    monkeypatch.setattr(api, "CALL_S", 0.05)
    sets = ["settings.steps=150", "settings.evaluate_every=50", "settings.samples=20"]
    return mm.run(ROOT / "recipes" / name, data=data, out=out, sets=sets)
