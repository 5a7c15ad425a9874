"""Write on from a prompt in the manner of the texts learnt from: a network from nothing, or a pretrained one tuned."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.base.need import need
from mintmark.base.record import Measured
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data import running_text
from mintmark.data.past import ASKED, Earlier
from mintmark.data.rows import Rows
from mintmark.numerics import answers, fields, texts
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.fields import Limits, objects
from mintmark.recipe.schema import Columns
from mintmark.recipe.strict import Strict, searched
from mintmark.tasks import Task

MOST_STOPS, LONGEST_STOP = 64, 1000
LONGEST_TOKEN = 64
"""characters: so much of a prompt's end holds a whole context of tokens, whatever they are"""
AT_ONCE = 256
"""texts written side by side"""


class Config(Strict):
    model: Literal["auto", "gpt", "gru", "lstm"] = Field(
        "gpt",
        description="The kind of network: a transformer, or one of two recurrent ones; auto: sought within the budget, "
        "gpt without one.",
    )
    layers: int = Field(6, ge=1, le=200, description="Layers of the network.")
    width: int = Field(256, ge=8, le=16384, description="Numbers that stand for a token in each layer.")
    heads: int = Field(
        4, ge=1, le=256, description="Of gpt: heads of attention; the width is a multiple of twice them."
    )
    context: int = Field(
        128, ge=4, le=2**17, description="Tokens that are seen at most; longer prompts lose their beginning."
    )
    tokens: Literal["auto", "characters", "bpe"] = Field(
        "auto", description="What a text is cut into: characters, byte pairs, or what suits the script."
    )
    vocabulary: int = Field(
        1024, ge=256, le=2**20, description="Of bpe: different tokens, learnt from the training text."
    )
    documents: Literal["auto", "rows", "stream"] = Field(
        "auto",
        description="Whether rows are texts of their own, or consecutive pieces of one, as those of a .txt file are.",
    )
    head: tuple[str, ...] = Field(
        (), description="Columns put before the text, each on a line of its own, such as a title."
    )
    dropout: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of a layer's numbers left out at random in training.",
        json_schema_extra=searched(0.0, 0.3),
    )
    steps: int = Field(
        4000, ge=1, le=10**9, description="Steps of training at most; the learning rate falls over them."
    )
    batch: int = Field(32, ge=0, description="Windows of a pass; 0: as many as memory and speed allow.")
    learning_rate: float = Field(
        2e-3,
        gt=0,
        le=1,
        description="The highest one, after the warm-up.",
        json_schema_extra=searched(5e-4, 8e-3, log=True),
    )
    warmup: float = Field(0.03, ge=0, le=1, description="Share of the steps in which the learning rate rises.")
    weight_decay: float = Field(0.1, ge=0, le=10, description="How strongly weights are pulled towards 0.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="Of the arithmetic in training; auto: bf16 where the hardware multiplies in it, else fp32."
    )
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay of a moving average of the weights, kept instead of them; 0: none."
    )
    evaluate_every: int | None = Field(None, ge=1, description="Steps between validations; without it a 20th of all.")
    patience: int = Field(4, ge=0, description="Validations without a gain after which training stops; 0: never.")
    accumulate: int = Field(1, ge=1, le=10**6, description="Passes whose gradients make one step.")
    processes: int = Field(1, ge=1, le=1024, description="Processes that train together.")
    memory_mib: int = Field(0, ge=0, description="Memory while the batch is found; 0: three quarters of what is free.")
    pretrained: str = Field(
        "", description="Folder or Hugging Face hub name of a model to tune, in place of a network from nothing."
    )
    tuning: Literal["full", "lora"] = Field(
        "full", description="Of a pretrained model: all weights, or low-rank additions."
    )
    lora_rank: int = Field(8, ge=1, le=1024, description="Of lora: the rank of what is added.")
    n: int = Field(100, ge=0, le=2**20, description="Tokens written at most, where a question does not say.")
    most: int = Field(4096, ge=1, le=2**20, description="Tokens that a question may ask for at most.")
    temperature: float = Field(
        1.0, ge=0, le=100, description="Below 1 likelier tokens are preferred; 0: always the likeliest."
    )
    top_k: int = Field(0, ge=0, description="Only the so many likeliest tokens are drawn from; 0: all.")
    top_p: float = Field(1.0, gt=0, le=1, description="Only the likeliest tokens with this probability together.")
    min_p: float = Field(0.0, ge=0, le=1, description="Only tokens at least this likely, against the likeliest.")
    prompt: int = Field(
        16, ge=0, description="Characters of a row's text that are the prompt when the model is measured."
    )
    samples: int = Field(
        200, ge=0, description="Rows that are written on from when the model is measured; loss sees all."
    )


LIMITS = {
    "n": Limits(0, 2**20, whole=True), "seed": Limits(-(2**53), 2**53, whole=True), "temperature": Limits(0, 100),
    "top_k": Limits(0, 2**31, whole=True), "top_p": Limits(0, 1, above=True), "min_p": Limits(0, 1),
}  # fmt: skip
"""of a question's numbers"""


def ask(rows: Rows, columns: Columns, config: Config) -> tuple[Rows, Rows]:
    """Of each text the first characters, `head` before them, are the prompt, the others the truth.

    Raises: RecipeError: no column is the text, or a target is named. DataError: no text in it.
    """
    _checked(rows, columns, config)
    content = rows.table()
    whole = _texts(content[columns.text], columns.text)
    if not any(whole):
        what = f"column {columns.text!r} holds no text in any of {len(whole)} rows."
        raise DataError(what, where="data", fix="rows with text, or another column: columns.text.")
    heads = [_texts(content[name], name) for name in config.head]
    prompts, rests = [], []
    for i, text in enumerate(whole):
        prompt = "".join(f"{head[i]}\n" for head in heads if head[i]) + text[: config.prompt]
        if prompt.isspace():  # a blank prompt is none, when it is served
            prompt, text = "", prompt + text[config.prompt :]
        else:
            text = text[config.prompt :]
        prompts.append(prompt)
        rests.append(text)
    n = np.zeros(len(whole))
    n[np.unique(np.linspace(0, len(whole) - 1, min(config.samples, len(whole))).astype(int))] = config.n
    questions = {
        "prompt": pa.array(prompts, pa.string()), "n": n, "seed": np.arange(len(whole), dtype=float),
        **{name: pa.nulls(len(whole), pa.float64()) for name in ("temperature", "top_k", "top_p", "min_p")},
        "stop": pa.nulls(len(whole), pa.list_(pa.string())),
    }  # fmt: skip
    if columns.time:
        questions[ASKED] = content[columns.time]
    return table.of(questions), table.of({columns.text: pa.array(rests, pa.string())})


def _checked(rows: Rows, columns: Columns, config: Config) -> None:
    if columns.target:
        fix = f'[columns] text = "{columns.target}", and no target.'
        raise RecipeError("text generation has no target: its text is its truth.", where="target", fix=fix)
    if not columns.text:
        kinds = [f.name for f in rows.schema if table.kind_of(f.type) in ("text", "list")]
        fix = f'[columns] text = "{kinds[0]}"' if kinds else "data with a column of text."
        raise RecipeError(
            f"no column is the text; there are {', '.join(rows.names[:30])}.", where="columns.text", fix=fix
        )
    for name in config.head:
        if name not in rows.names or name == columns.text:
            raise unknown("column", name, [n for n in rows.names if n != columns.text], where="settings.head")
    if config.pretrained and config.model == "auto":
        what = "chooses among networks from nothing, and `pretrained` names the one to tune."
        raise RecipeError(what, where="settings.model 'auto'", fix="one of the two.")
    if not config.pretrained and config.model in ("auto", "gpt") and config.width % (2 * config.heads):
        what = f"is {config.width}, which {config.heads} heads cannot share in even parts."
        fix = f"width = {max(1, round(config.width / 2 / config.heads)) * 2 * config.heads}"
        raise RecipeError(what, where="settings.width", fix=fix)


def _texts(column: pa.ChunkedArray, name: str) -> list[str]:
    """Texts as they are, lists of them line by line, nothing where there is none."""
    kind, values = table.kind_of(column.type), column.to_pylist()
    if kind == "list" and all(isinstance(x, str) for v in values for x in v or ()):
        return ["\n".join(v or ()) for v in values]
    if kind not in ("text", "nothing"):
        what = f"text generation needs text; column {name!r} holds {column.type} values."
        raise DataError(what, where=f"column {name!r}", fix="a column of texts, or of lists of texts.")
    return [v or "" for v in values]


def learn(questions: Rows, truth: Rows, columns: Columns, config: Config) -> State:
    """The tokenizer of these rows' texts, or that of the pretrained model; and what questions need not say."""
    need("tokenizers", extra="text")
    joined = config.documents == "stream" or (
        config.documents == "auto" and [columns.text, columns.time] == running_text.COLUMNS
    )
    names = ("n", "temperature", "top_k", "top_p", "min_p", "most")
    facts: dict[str, Any] = {"joined": joined, "context": config.context, "past": []}
    facts["defaults"] = {name: getattr(config, name) for name in names} | {"seed": 0}
    if config.pretrained:
        need("transformers", extra="text")
        from mintmark.deep import pretrained

        source = pretrained.source(pretrained.find(config.pretrained))
        facts |= {"begin": source.begin, "end": source.end, "size": source.vocabulary, "config": source.config}
        facts["context"] = min(config.context, source.context)
        return State(facts=facts, files={"tokenizer.json": source.tokenizer.encode()})
    from mintmark.deep import tokens

    pairs = zip(questions.table()["prompt"].to_pylist(), truth.table().column(0).to_pylist(), strict=True)
    whole = [(p or "") + (t or "") for p, t in pairs]
    said = tokens.learn(["".join(whole)] if joined else whole, config.tokens, config.vocabulary)
    return State(facts=facts, files={"tokenizer.json": said.encode()})


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    """Prompts as tokens, and how each is to be gone on with. Of a prompt longer than the context its end is used.

    Raises: DataError: a number beyond its limits, or a stop that is no text.
    """
    need("tokenizers", extra="text")
    facts, defaults = state.facts, state.facts["defaults"]
    known = {k: facts.get(k) for k in ("begin", "end", "size")} | {"tokenizer": state.files["tokenizer.json"]}
    prompts = [p or "" for p in questions["prompt"].to_pylist()]
    stops = fields.lists(questions["stop"], "stop", MOST_STOPS, LONGEST_STOP)
    arrays: dict[str, Any] = {"prompt": objects(prompts), "stop": objects(stops)}
    for name, limits in LIMITS.items():
        limits = replace(limits, high=max(defaults["most"], defaults["n"])) if name == "n" else limits
        arrays[name] = fields.numbers(questions[name], name, defaults[name], limits)
    made = Batch(arrays, known | {n: facts[n] for n in ("joined", "context")} | {"config": facts.get("config", "")})
    ids, tokens = _ids(made, [p[-LONGEST_TOKEN * facts["context"] :] for p in prompts]), _tokens(made)
    if facts["joined"]:
        start = tokens.encode(["\n"])[0] or [tokens.begin]
        arrays["ids"] = objects([(one or start)[-facts["context"] :] for one in ids])
    else:
        arrays["ids"] = objects([[tokens.begin, *one][-facts["context"] :] for one in ids])
    return made


def _tokens(batch: Batch) -> Any:
    from mintmark.deep import tokens

    return tokens.of(*(batch.facts[name] for name in ("tokenizer", "begin", "end", "size")))


def _ids(batch: Batch, some: list[str]) -> list[list[int]]:
    made: list[list[int]] = _tokens(batch).encode(some)
    return made


def fit(train: View, valid: View | None, config: Config, ctx: Ctx) -> State:
    """Trained by the loop of all networks; the weights kept are the best by validation."""
    need("accelerate", extra="text")
    from mintmark.deep import job, pretrained, text_model
    from mintmark.deep.language import Shape

    facts, learnt, _ = _whole(train)
    held = _whole(valid)[1] if valid is not None else None
    tokens = _tokens(Batch({}, facts))
    if sum(map(len, learnt)) < 2 + len(learnt):
        raise DataError("there is no text to learn from.", where="data", fix="rows with text.")
    every = config.evaluate_every or max(1, config.steps // 20)
    names = ("steps", "accumulate", "learning_rate", "warmup", "weight_decay", "precision", "ema", "patience")
    options = job.Options(
        batch_size=config.batch or None, evaluate_every=every, save_every=every, processes=config.processes,
        memory_mib=config.memory_mib, **{name: getattr(config, name) for name in names},
    )  # fmt: skip
    given = text_model.Texts(learnt, held, facts["joined"], tokens.size)
    if config.pretrained:
        rank = config.lora_rank if config.tuning == "lora" else 0
        about = {"lora_rank": rank, "dropout": config.dropout, "context": facts["context"]}
        return text_model.tune(given, pretrained.find(config.pretrained), facts["config"], about, options, ctx)
    kind = "gpt" if config.model == "auto" else config.model
    shape = Shape(kind, tokens.size, config.layers, config.width, config.heads, config.context, config.dropout)
    return text_model.fit(given, shape, options, ctx)


def _whole(view: View) -> tuple[dict[str, Any], list[Array], list[str]]:
    """The facts of a view, its texts with their marks as tokens, and as they are; pieces of one text as one."""
    facts: dict[str, Any] = {}
    whole: list[str] = []
    for batch in view:
        facts = batch.facts
        rests: Any = () if batch.y is None else batch.y
        whole += [p + (t or "") for p, t in zip(batch.arrays["prompt"], rests, strict=True)]
    whole = ["".join(whole)] if facts["joined"] else [t for t in whole if t]
    made = Batch({}, facts)
    tokens, marked = _tokens(made), []
    for ids in _ids(made, whole):
        marked.append(np.array([tokens.begin, *ids, *([] if facts["joined"] else [tokens.end])], np.int32))
    return facts, marked, whole


def predict(state: State, batch: Batch) -> pa.Table:
    *_, last = _written(state, batch, every=False)
    return last


def stream(state: State, batch: Batch) -> Iterator[pa.Table]:
    """The answers one token longer each time; what is shown of a text is never taken back."""
    return _written(state, batch, every=True)


def _written(state: State, batch: Batch, every: bool) -> Iterator[pa.Table]:
    need("torch", extra="text")
    from mintmark.deep import generation, sampling, text_model

    ready, tokens, a = text_model.ready(state), _tokens(batch), batch.arrays
    made = [generation.Written(finish="length") for _ in range(len(batch))]
    counts = [float(len(ids)) for ids in a["ids"]]
    asked = np.flatnonzero(a["n"] > 0)

    def told() -> pa.Table:
        said = {name: [getattr(w, name) for w in made] for name in ("text", "finish")}
        return answers.make("text", **said, prompt_tokens=counts, tokens=[float(w.tokens) for w in made])

    for at in range(0, len(asked), AT_ONCE):
        rows = asked[at : at + AT_ONCE]
        some = []
        for i in rows:
            manner = sampling.Manner(*(float(a[name][i]) for name in ("temperature", "top_k", "top_p", "min_p")))
            some.append(generation.Asked(a["ids"][i], int(a["n"][i]), int(a["seed"][i]), manner, a["stop"][i]))
        for now in generation.write(ready.writer(), tokens, some):
            for i, one in zip(rows, now, strict=True):
                made[i] = one
            if every:
                yield told()
    yield told()


def score(made: pa.Table, truth: pa.Table) -> list[Measured]:
    """Of what was written: how varied it is, beside as much of the true texts, and how often it repeats itself."""
    pairs = zip(made["text"].to_pylist(), truth.column(0).to_pylist(), made["tokens"].to_pylist(), strict=True)
    kept = [(texts.units(text), texts.units(true or ""), count) for text, true, count in pairs if count]
    ours = [a for a, _, _ in kept]
    theirs = [b[: len(a)] for a, b, _ in kept]
    return [
        Measured("distinct_1", texts.distinct(ours, 1), "1", ""),
        Measured("distinct_2", texts.distinct(ours, 2), "1", ""),
        Measured("distinct_1_of_truth", texts.distinct(theirs, 1), "1", ""),
        Measured("distinct_2_of_truth", texts.distinct(theirs, 2), "1", ""),
        Measured("repeated_3", texts.repeated(ours, 3), "1", "down"),
        Measured("repeated_3_of_truth", texts.repeated(theirs, 3), "1", ""),
        Measured("tokens", float(np.mean([n for _, _, n in kept])) if kept else 0.0, "tokens", ""),
    ]


def loss(state: State, view: View) -> list[Measured]:
    """How surprised the model is by the texts themselves; marks of an end count as part of them."""
    need("torch", extra="text")
    from mintmark.deep import text_model

    _, ids, whole = _whole(view)
    nats, count = text_model.surprise(state, ids)
    found = text_model.measures(nats, count, sum(map(len, whole)), sum(len(t.encode()) for t in whole))
    units = {"nats_per_character": "nats", "bits_per_byte": "bits", "loss": "nats", "perplexity": "1"}
    return [Measured(name, value, units[name], "down") for name, value in found.items()]


def example(rng: np.random.Generator) -> Rows:
    """Little stories of animals."""
    who, what, where = (
        ["the cat", "a dog", "one bird"],
        ["sat", "ran", "sang"],
        ["on the mat", "in the sun", "by the sea"],
    )
    pick = rng.integers(0, 3, (90, 3))
    return table.of({"text": [f"{who[a]} {what[b]} {where[c]}." for a, b, c in pick]})


STARTER = {
    "settings": {
        "layers": 1, "width": 16, "heads": 2, "context": 32, "steps": 30, "batch": 8, "learning_rate": 0.01,
        "tokens": "characters", "precision": "fp32", "evaluate_every": 15, "n": 12, "prompt": 4, "samples": 30,
    }
}  # fmt: skip

TASK = Task(
    config=Config, answer="text", reads="text", example=example, starter=STARTER, assumed=("text", "time"), ask=ask,
    learn=learn, encode=encode, fit=fit, predict=predict, stream=stream, score=score, loss=loss,
    ladder=({"model": "gru"}, {"model": "gpt"}, {"model": "lstm"}), validate="holdout", refit="never",
    optional=("n", "seed", "temperature", "top_k", "top_p", "min_p", "stop"),
)  # fmt: skip
