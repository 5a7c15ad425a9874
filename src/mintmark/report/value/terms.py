"""Terms: the result, the language, and how its figures are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mintmark.base.record import RunRecord
from mintmark.base.words import Language
from mintmark.report import words
from mintmark.report.figures import Figures
from mintmark.report.sheet import Sheet


@dataclass(frozen=True)
class Terms:
    sheet: Sheet
    said: Mapping[str, Any]

    @classmethod
    def of(cls, said: Mapping[str, Any], say: Language, record: RunRecord | None = None) -> Self:
        """record: of the run that the result is about, where there is one."""
        return cls(Sheet(record or RunRecord("", "", "", ""), Figures(), say), said)

    @property
    def say(self) -> Language:
        return self.sheet.say

    @property
    def unit(self) -> str:
        """The currency; safe."""
        return words.safe(self.say.currency(self.said["currency"]))

    def told(self, thing: Mapping[str, Any]) -> str:
        """A text of the result, with its figures, in this language; safe."""
        return words.safe(self.say.told(thing))

    def money(self, value: float | None) -> str:
        return "–" if value is None else self.say.money(round_money(value), words.safe(self.said["currency"]))

    def plain_money(self, value: float | None) -> str:
        """Without its currency."""
        return "–" if value is None else self.say.number(round_money(value))

    def cell(self, value: float) -> str:
        """Money or a count in a table; safe."""
        return f'<data value="{value!r}" class="ends">{self.plain_money(value)}</data>'

    def figure(self, line: Mapping[str, Any], value: float) -> str:
        """A figure of an assumption, a share as a percentage."""
        return self.say.share(value) if line["fraction"] else self.say.number(value)

    def unit_of(self, line: Mapping[str, Any]) -> str:
        return self.say(line["unit"], money=self.say.currency(self.said["currency"])) if line["unit"] else ""

    def years(self, value: float | None) -> str:
        return self.say("never") if value is None else self.say("{n} years", n=round(value, 1))

    def error(self, value: float | None) -> str:
        """A standard error, behind its figure."""
        return "" if not value else f" ± {self.say.number(float(f'{value:.2g}'))}"


def round_money(value: float) -> float:
    """To four digits: a Monte Carlo figure has no more."""
    return float(f"{value:.4g}")
