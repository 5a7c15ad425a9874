"""OpenAI's own client library against a real server: what it asks it gets, and errors are the ones it knows."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

Message = dict[str, Any]
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with a model that counts on from its seed, one number a token, five if not told."""
    command = [sys.executable, str(Path(__file__).with_name("writer.py"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none is looked at", max_retries=0, timeout=30) as made:
        yield made


def test_it_lists_the_models(client: openai.OpenAI) -> None:
    assert [m.id for m in client.models.list()] == ["counter", "whole"]
    found = client.models.retrieve("counter")
    assert found.object == "model" and found.owned_by == "mintmark" and found.created > 1_700_000_000


def test_it_completes(client: openai.OpenAI) -> None:
    made = client.completions.create(model="counter", prompt="one two", max_tokens=3, seed=7)
    assert made.object == "text_completion" and made.model == "counter" and made.id.startswith("cmpl-")
    assert made.choices[0].text == " 8 9 10" and made.choices[0].finish_reason == "length"
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.total_tokens) == (2, 3, 5)


def test_choices_prompts_and_stops(client: openai.OpenAI) -> None:
    made = client.completions.create(model="counter", prompt=["a", "b b"], n=2, seed=100, max_tokens=2, stop="102")
    assert [c.text for c in made.choices] == [" 101 ", " ", " 101 ", " "]
    assert [c.index for c in made.choices] == [0, 1, 2, 3] and {c.finish_reason for c in made.choices} == {"stop"}
    assert made.usage is not None and made.usage.prompt_tokens == 3 and made.usage.completion_tokens == 6


def test_without_a_seed_each_request_has_its_own(client: openai.OpenAI) -> None:
    texts = {client.completions.create(model="counter", prompt="a").choices[0].text for _ in range(4)}
    assert len(texts) > 1


def test_it_streams_a_completion(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "counter", "prompt": "slow", "max_tokens": 6, "seed": 0}
    whole = client.completions.create(**asked)
    chunks = list(client.completions.create(**asked, n=2, stream=True, stream_options={"include_usage": True}))
    for i, wanted in ((0, whole.choices[0].text), (1, " 2 3 4 5 6 7")):
        mine = [c.choices[0] for c in chunks if c.choices and c.choices[0].index == i]
        assert "".join(c.text for c in mine) == wanted and len(mine) > 3
        assert [c.finish_reason for c in mine][-1] == "length" and not any(c.finish_reason for c in mine[:-1])
    assert chunks[-1].choices == [] and chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 12
    assert len({c.id for c in chunks}) == 1 and all(c.usage is None for c in chunks[:-1])
    plain = list(client.completions.create(**asked, stream=True))
    assert all(c.choices for c in plain)


def test_it_chats(client: openai.OpenAI) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "Count."},
        {"role": "user", "content": [{"type": "text", "text": "From "}, {"type": "text", "text": "one"}]},
    ]
    more = {"min_p": 0.1}
    made = client.chat.completions.create(
        model="counter", messages=messages, max_completion_tokens=2, seed=0, temperature=0.5, extra_body=more
    )
    assert made.object == "chat.completion" and made.id.startswith("chatcmpl-")
    assert made.choices[0].message.role == "assistant" and made.choices[0].message.content == " 1 2"
    assert made.usage is not None and made.usage.prompt_tokens == len(
        "system: Count. user: From one assistant:".split()
    )
    again = [*messages, made.choices[0].message.model_dump(), {"role": "user", "content": "Go on"}]
    assert client.chat.completions.create(model="counter", messages=again).choices[0].message.content


def test_it_streams_a_chat(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="counter",
            messages=[{"role": "user", "content": "slow"}],
            seed=1,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert {c.object for c in chunks} == {"chat.completion.chunk"}
    first, *middle, last = [c.choices[0] for c in chunks if c.choices]
    assert first.delta.role == "assistant" and "".join(c.delta.content or "" for c in middle) == " 2 3 4 5 6"
    assert last.finish_reason == "length" and last.delta.content is None
    assert chunks[-1].usage is not None and chunks[-1].usage.total_tokens == 5 + 3


def test_a_model_without_a_stream_streams_its_whole_answer(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="whole", messages=HELLO, seed=0, stream=True))
    assert [c.choices[0].delta.content for c in chunks] == ["", " 1 2 3 4 5", None]


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_not_found(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as failed:
        client.chat.completions.create(model="countr", messages=HELLO, stream=stream)
    assert failed.value.code == "model_not_found" and "did you mean 'counter'" in failed.value.message
    assert isinstance(failed.value.body, dict) and failed.value.body["param"] == "model"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"top_p": 0.5}, "top_p"),
        ({"reasoning_effort": "low"}, "reasoning_effort"),
        ({"extra_body": {"tempature": 1}}, "tempature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"seed": 1.5}, "seed"),
        ({"stop": [""]}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
         "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": "fail"}]}, "prompt"),
    ],
)  # fmt: skip
def test_what_is_not_done_or_wrong_is_a_bad_request_that_names_it(
    client: openai.OpenAI, more: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as failed:
        client.chat.completions.create(**{"model": "counter", "messages": HELLO, **more})
    assert isinstance(failed.value.body, dict) and failed.value.body["param"] == param
    assert failed.value.type == "invalid_request_error" and "Try:" in failed.value.message


def test_parameters_that_change_nothing_are_taken(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(
        model="counter", messages=HELLO, user="me", tools=[], logprobs=False, presence_penalty=0,
        response_format={"type": "text"}, seed=0,
    )  # fmt: skip
    assert made.choices[0].message.content == " 1 2 3 4 5"


def test_a_failure_within_a_stream_is_raised(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="bug"):
        list(client.completions.create(model="counter", prompt="slow break", stream=True))
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model="counter", prompt="fail", stream=True)


def test_more_streams_than_allowed_are_a_rate_limit_and_a_closed_one_makes_room(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "counter", "prompt": "slow", "max_tokens": 3000, "stream": True}
    opened = [client.completions.create(**asked) for _ in range(2)]
    for one in opened:
        next(iter(one))
    with pytest.raises(openai.RateLimitError):
        client.completions.create(**asked)
    for one in opened:
        one.close()
    patient = client.with_options(max_retries=5)
    assert patient.completions.create(model="counter", prompt="a", stream=True)


def test_errors_of_other_kinds_have_the_same_form(url: str) -> None:
    for said in (
        httpx.get(f"{url}/v1/completions"),
        httpx.post(f"{url}/v1/completions", content=b"{", headers={"content-type": "application/json"}),
        httpx.post(f"{url}/v1/chat/completions", content=b"{}", headers={"content-type": "text/plain"}),
        httpx.post(f"{url}/v1/completions", json={"model": "counter", "prompt": [1, 2]}),
        httpx.post(f"{url}/v1/completions", json={}),
    ):
        assert said.status_code in (400, 405, 415)
        assert set(said.json()["error"]) == {"message", "type", "param", "code"}
