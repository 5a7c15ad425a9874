"""Networks of text and what is around them: caches, sampling, tokens, windows; checked against plain recomputing."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from mintmark.deep import generation, sampling, text_model, tokens, windows
from mintmark.deep.generation import Asked
from mintmark.deep.job import Options
from mintmark.deep.language import Shape, attended, network
from mintmark.deep.sampling import Manner
from mintmark.numerics.ctx import Ctx

torch.set_num_threads(1)
CHINESE = "床前明月光，疑是地上霜。\n舉頭望明月，低頭思故鄉。"
ENGLISH = "It was the best of times, it was the worst of times. " * 4
KINDS = ("gpt", "gru", "lstm")


def shape(model: str, **more: int) -> Shape:
    return Shape(**{"model": model, "vocabulary": 40, "layers": 2, "width": 32, "heads": 2, "context": 16, **more})  # type: ignore[arg-type]


def fresh(model: str, **more: int) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = network(shape(model, **more))
    for weight in net.parameters():  # far from the quiet beginning, so that every part counts
        weight.data *= 4
    return net.eval()


def writer_of(net: torch.nn.Module) -> generation.Writer:
    return text_model.Ready(net, 16).writer()


@pytest.mark.parametrize("model", KINDS)
def test_a_cache_gives_the_logits_of_computing_all_anew(model: str) -> None:
    net = fresh(model)
    writer, rng = writer_of(net), np.random.default_rng(0)
    texts = [rng.integers(0, 40, n).tolist() for n in (1, 5, 9)]
    logits = writer.start(texts)
    for step in range(6):
        for text, row in zip(texts, logits, strict=True):
            with torch.no_grad():
                assert torch.allclose(net(torch.tensor([text]))[0, -1].double(), row, atol=1e-4)
        new = rng.integers(0, 40, len(texts)).tolist()
        for text, token in zip(texts, new, strict=True):
            text.append(token)
        logits = writer.go_on(new)
        if step == 2:  # one of them is done
            writer.keep([0, 2])
            texts, logits = [texts[0], texts[2]], logits[[0, 2]]


def test_a_full_context_goes_on_from_its_later_half() -> None:
    net = fresh("gpt")
    writer, rng = writer_of(net), np.random.default_rng(1)
    texts = [rng.integers(0, 40, n).tolist() for n in (16, 10)]
    logits = writer.start(texts)
    seen = [list(t) for t in texts]
    for _ in range(30):
        for text, row in zip(seen, logits, strict=True):
            with torch.no_grad():
                assert torch.allclose(net(torch.tensor([text]))[0, -1].double(), row, atol=1e-4)
        new = rng.integers(0, 40, 2).tolist()
        seen = [(t if len(t) < 16 else t[8:]) + [token] for t, token in zip(seen, new, strict=True)]
        logits = writer.go_on(new)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_is_what_its_formula_says(dtype: torch.dtype) -> None:
    q, k, v = torch.randn(3, 2, 2, 7, 8, generator=torch.Generator().manual_seed(0)).to(dtype).unbind(0)
    a, b, c = (x.double() for x in (q, k, v))
    weight = (a @ b.transpose(2, 3) / math.sqrt(8)).masked_fill(~torch.ones(7, 7).tril().bool(), -torch.inf).softmax(-1)
    assert torch.allclose(attended(q, k, v).double(), weight @ c, atol=1e-5 if dtype == torch.float32 else 0.05)


def test_a_later_token_changes_no_earlier_logits() -> None:
    net, ids = fresh("gpt"), torch.arange(12)[None]
    changed = ids.clone()
    changed[0, 8:] = 39
    with torch.no_grad():
        assert torch.equal(net(ids)[0, :8], net(changed)[0, :8])


# --- sampling --------------------------------------------------------------------------------------------------------

LOGITS = np.log(np.array([0.4, 0.3, 0.2, 0.07, 0.03]))


@pytest.mark.parametrize(
    ("manner", "wanted"),
    [
        (Manner(), [0.4, 0.3, 0.2, 0.07, 0.03]),
        (Manner(temperature=0), [1, 0, 0, 0, 0]),
        (Manner(top_k=2), [4 / 7, 3 / 7, 0, 0, 0]),
        (Manner(top_p=0.7), [4 / 7, 3 / 7, 0, 0, 0]),
        (Manner(top_p=0.71), [4 / 9, 3 / 9, 2 / 9, 0, 0]),
        (Manner(min_p=0.2), [0.4 / 0.9, 0.3 / 0.9, 0.2 / 0.9, 0, 0]),
        (Manner(temperature=0.5), np.array([16, 9, 4, 0.49, 0.09]) / 29.58),
        (Manner(top_k=3, top_p=0.5), [4 / 7, 3 / 7, 0, 0, 0]),
    ],
    ids=str,
)
def test_what_is_drawn_from(manner: Manner, wanted: list[float]) -> None:
    assert sampling.probabilities(LOGITS, manner) == pytest.approx(np.asarray(wanted), abs=1e-9)


def test_draws_come_as_often_as_they_are_probable_and_never_else() -> None:
    p = sampling.probabilities(LOGITS, Manner(top_k=3))
    rng = sampling.generator(5)
    drawn = np.bincount([sampling.draw(p, rng.random()) for _ in range(20_000)], minlength=5) / 20_000
    assert drawn == pytest.approx(p, abs=0.015) and drawn[3] == drawn[4] == 0
    assert [sampling.draw(p, u) for u in (0.0, 1 - 1e-16)] == [0, 2]


def test_seeds_are_told_apart_and_give_the_same_again() -> None:
    first = {seed: sampling.generator(seed).random() for seed in (-7, 0, 7, 2**53)}
    assert len(set(first.values())) == 4
    assert all(sampling.generator(seed).random() == u for seed, u in first.items())


# --- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["characters", "bpe"])
def test_every_text_comes_back_from_its_tokens(kind: str) -> None:
    made = tokens.of(tokens.learn([ENGLISH, CHINESE], kind, 300).encode())  # type: ignore[arg-type]
    for text in (ENGLISH, CHINESE, "never seen: 🙂 Ω\r\n\t", "", " \n ", "<|endoftext|><0x41></s>"):
        ids = made.encode([text])[0]
        assert made.decode(ids) == text
        assert not {made.begin, made.end} & set(ids) and max(ids, default=0) < made.size


def test_byte_pairs_are_fewer_than_characters_and_scripts_of_many_characters_are_found() -> None:
    pairs = tokens.of(tokens.learn([ENGLISH], "bpe", 300).encode())
    assert len(pairs.encode([ENGLISH])[0]) < 0.5 * len(ENGLISH)
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 1500))) * 2
    auto, own = (tokens.learn([many], kind, 300) for kind in ("auto", "characters"))  # type: ignore[arg-type]
    assert auto == own
    assert tokens.learn([ENGLISH], "auto", 300) == tokens.learn([ENGLISH], "bpe", 300)


def test_a_character_in_several_tokens_is_shown_when_it_is_whole() -> None:
    made = tokens.of(tokens.learn(["abc"] * 3, "bpe", 256).encode())
    spoken, shown = tokens.Spoken(made), []
    for token in made.encode(["é🙂a"])[0]:
        spoken.add(token)
        shown.append(spoken.text)
    assert shown == ["", "é", "é", "é", "é", "é🙂", "é🙂a"]


# --- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [[5, 3, 4, 30, 2], [2], [8], [9, 9], [40]])
def test_validation_asks_for_each_token_but_the_first_of_each_window_once(tmp_path: Path, lengths: list[int]) -> None:
    texts = [np.arange(n) + 100 * i for i, n in enumerate(lengths)]
    for name in ("train", "valid"):
        windows.write(tmp_path, name, texts, joined=False, vocabulary=1000)
    _, valid = windows.read(tmp_path, 8, seed=0)
    assert valid is not None
    asked = [int(y) for i in range(len(valid)) for y in valid[i]["y"] if y != windows.IGNORED]
    whole = np.concatenate(texts).tolist()
    begun = {int(valid[i]["x"][0]) for i in range(len(valid))}
    assert len(set(asked)) == len(asked) and set(whole) - set(asked) <= begun
    for i in range(len(valid)):
        row = valid[i]
        kept = row["y"] != windows.IGNORED
        assert torch.equal(row["y"][kept][:-1], row["x"][1:][kept[1:]])


def test_windows_of_rows_begin_with_a_text_and_are_the_same_at_the_same_place(tmp_path: Path) -> None:
    texts = [np.array([7, *range(10 * i + 10, 10 * i + 14), 8]) for i in range(5)]
    windows.write(tmp_path, "train", texts, joined=False, vocabulary=100)
    train, valid = windows.read(tmp_path, 8, seed=1)
    assert valid is None and len({int(train[i]["x"][1]) for i in range(5)}) == 5
    for place in range(len(train)):
        row = train[place]
        assert row["x"][0] == 7 and torch.equal(row["x"][1:], row["y"][:-1])
        assert torch.equal(row["x"], train[place]["x"])


@pytest.mark.parametrize("length", [2, 9, 10, 37, 100])
def test_overlapping_windows_ask_for_each_token_once_with_half_a_context_before_it(length: int) -> None:
    spans = windows.overlapping(length, 8)
    assert [t for _, stop, first in spans for t in range(first, stop)] == list(range(1, length))
    assert all(first - start >= min(first, 4) and stop - start <= 9 for start, stop, first in spans)


def test_surprise_is_the_sum_over_each_token_given_those_before_it() -> None:
    made = Shape("gpt", 40, 1, 16, 2, 64)
    state = trained(made, [np.arange(30) % 40] * 4, steps=2)
    net = text_model.ready(state).net
    text = np.random.default_rng(0).integers(0, 40, 50)
    with torch.no_grad():
        p = net(torch.tensor(text[None, :-1])).log_softmax(-1)[0]
    nats, count = text_model.surprise(state, [text, text[:1]])
    assert count == 49 and nats == pytest.approx(-float(p[np.arange(49), text[1:]].sum()), rel=1e-5)


# --- training and writing --------------------------------------------------------------------------------------------


def trained(made: Shape, texts: list[np.ndarray], steps: int) -> "text_model.State":
    options = Options(steps, 8, 1e-2, evaluate_every=steps, save_every=steps, precision="fp32")
    return text_model.fit(text_model.Texts(texts, None, False, made.vocabulary), made, options, Ctx(1))


@pytest.mark.parametrize("model", KINDS)
def test_a_network_learns_a_round_of_letters_and_writes_it(model: str) -> None:
    made = tokens.of(tokens.learn(["abcdefgh"] * 2, "characters", 256).encode())
    ids = np.array([made.begin, *made.encode(["abcdefgh"])[0], made.end])
    state = trained(Shape(model, made.size, 1, 32, 2, 16), [ids] * 3, steps=60)  # type: ignore[arg-type]
    asked = [Asked([made.begin], 20, 0, Manner(temperature=0)), Asked(ids[:4].tolist(), 3, 0, Manner(0.0), ("gh",))]
    *_, last = generation.write(text_model.ready(state).writer(), made, asked)
    assert [(w.text, w.finish, w.tokens) for w in last] == [("abcdefgh", "stop", 8), ("def", "length", 3)]
    *_, last = generation.write(
        text_model.ready(state).writer(), made, [Asked(ids[:4].tolist(), 9, 0, Manner(0.0), ("gh", "f"))]
    )
    assert [(w.text, w.finish) for w in last] == [("de", "stop")]


def test_what_is_shown_while_writing_is_never_taken_back() -> None:
    made = tokens.of(tokens.learn([CHINESE] * 2, "bpe", 256).encode())
    net = fresh("gpt", vocabulary=made.size)
    asked = [Asked(made.encode([CHINESE[:2]])[0], 60, seed, Manner(), ("e", "xy")) for seed in range(6)]
    steps = [[w.text for w in now] for now in generation.write(writer_of(net), made, asked)]
    assert all(b.startswith(a) for one in zip(*steps, strict=True) for a, b in zip(one, one[1:], strict=False))


def test_the_same_question_is_written_the_same_alone_and_among_others() -> None:
    made = tokens.of(tokens.learn([ENGLISH], "bpe", 280).encode())
    net = fresh("gpt", vocabulary=made.size)
    asked = [Asked(made.encode([ENGLISH[: 3 * i + 1]])[0][-16:], 25 + i, i, Manner(0.9, top_p=0.95)) for i in range(7)]
    *_, together = generation.write(writer_of(net), made, asked)
    for one, wanted in zip(asked, together, strict=True):
        *_, alone = generation.write(writer_of(net), made, [one])
        assert alone == [wanted]
