"""What a result says in words, with its figures apart, so that every language can say it."""

from typing import Any

from mintmark.base.words import Language


class Said:
    """A text and what its {fields} hold."""

    def __init__(self, text: str, **values: Any) -> None:
        self.text, self.values = text, values

    def __str__(self) -> str:
        return Language("en")(self.text, **self.values) if self.values else self.text

    def plain(self) -> dict[str, Any]:
        """As JSON holds it: said in English, and what it is made of."""
        return {"said": str(self), "text": self.text, "values": self.values}
