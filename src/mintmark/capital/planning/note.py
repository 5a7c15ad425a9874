"""Note: something a reader should know, in English and as the text and values that other languages need."""

from typing import Any

from mintmark.base.words import language

Note = dict[str, Any]


def note(text: str, **values: Any) -> Note:
    return {"say": text, "values": values, "text": language("en")(text, **values)}
