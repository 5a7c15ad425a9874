"""Prompts from the requests of OpenAI's API."""

from collections.abc import Callable, Mapping
from typing import Any

from mintmark.serving.questions import shown
from mintmark.serving.refusals import Refused

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
NEXT = "\nuser:"
"""where a model that goes on with the conversation by itself is stopped"""
Made = tuple[list[str], set[str], list[str]]
"""prompts, the parameters that they were made of, where to stop"""
Prompts = Callable[[Mapping[str, Any]], Made]


def from_completion(asked: Mapping[str, Any]) -> Made:
    """Raises: Refused."""
    prompt = asked.get("prompt")
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if type(prompts) is not list or not prompts or not all(isinstance(p, str) for p in prompts):
        got = shown(prompt) if type(prompt) is not list else "a list of other things" if prompt else "an empty list"
        raise wrong("prompt", f"a text or a list of texts is wanted, got {got}.", '"prompt": "Once upon"')
    return prompts, {"prompt"}, []


def from_messages(asked: Mapping[str, Any]) -> Made:
    """One line `role: content` for each message, and `assistant:` for what is to come.   Raises: Refused."""
    messages, lines = asked.get("messages"), []
    if type(messages) is not list or not messages:
        what = f"a list of messages is wanted, got {'none' if messages == [] else shown(messages)}."
        raise wrong("messages", what, '"messages": [{"role": "user", "content": "Hello"}]')
    for i, message in enumerate(messages):
        where = f"messages[{i}]"
        if type(message) is not dict:
            raise wrong(
                where, f"a message must be an object, got {shown(message)}.", '{"role": "user", "content": "Hi"}'
            )
        role = message.get("role")
        if type(role) is not str or role not in ROLES:
            got = shown(role)
            raise wrong(f"{where}.role", f"one of {', '.join(ROLES)} is wanted, got {got}.", '"role": "user"')
        other = next((k for k, v in message.items() if k not in ("role", "content") and v not in (None, [])), None)
        if other is not None:
            raise wrong(f"{where}.{other[:60]}", "messages have a role and a text here, nothing else.", "leave it out.")
        lines.append(f"{ROLES[role]}: {_text(message.get('content'), where)}\n")
    return ["".join([*lines, "assistant:"])], {"messages"}, [NEXT]


def _text(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if type(content) is not list:
        raise wrong(f"{where}.content", f"a text is wanted, got {shown(content)}.", '"content": "Hello"')
    texts = []
    for i, part in enumerate(content):
        kind = part.get("type") if type(part) is dict else None
        text = part.get("text") if kind == "text" else None
        if not isinstance(text, str):
            got = f"the type {kind[:60]!r}" if isinstance(kind, str) else shown(part)
            raise wrong(f"{where}.content[{i}]", f"parts of the type 'text' are read, got {got}.", "text alone.")
        texts.append(text)
    return "".join(texts)


def wrong(param: str, what: str, fix: str) -> Refused:
    return Refused(what, where=param, fix=fix)
