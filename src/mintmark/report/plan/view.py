"""View: an answer of `mintmark plan`, the language it is told in, and the pieces that all parts of its page share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mintmark.base.record import RunRecord
from mintmark.base.words import Language, mark
from mintmark.report import words
from mintmark.report.figures import Figures
from mintmark.report.sheet import UNITS, Cell, Sheet

METHODS = {
    "scratch": mark("from nothing"), "full": mark("pretrained, all weights"), "lora": mark("pretrained, LoRA"),
    "qlora": mark("pretrained, QLoRA"),
}  # fmt: skip
STRATEGIES = {
    "none": mark("as one begins"), "leaner": mark("1 leaner shape"), "layout": mark("2 shared out over GPUs"),
    "transfer": mark("3 pretrained model"), "fleet": mark("4 choice of machines, spot"),
    "batch": mark("5 batch and mixed precision"),
}  # fmt: skip
RECOMPUTE = {"none": "", "selective": mark("attention recomputed"), "full": mark("layers recomputed")}


@dataclass(frozen=True)
class View:
    said: Mapping[str, Any]
    say: Language

    @property
    def sheet(self) -> Sheet:
        return Sheet(RunRecord("", "plan", "", ""), Figures(), self.say)

    def money(self, value: float) -> str:
        """In a sentence, of three digits, with its currency; safe."""
        return words.short(self.say.money(rounded(value), str(self.said["currency"])))

    def number(self, value: float | None) -> str:
        """Of three digits; a dash for what is not known."""
        return "–" if value is None else self.say.number(rounded(value))

    def days(self, value: float) -> str:
        """Days, or hours where they are few."""
        if value < 2:
            return self.say("{n} hours", n=rounded(24 * value))
        return self.say("{n} days", n=rounded(value))

    def times(self, value: float | None) -> str:
        return "–" if value is None else f"{self.say.number(rounded(value))} ×"

    def way(self, tried: Mapping[str, Any]) -> str:
        """A way that was tried on this machine."""
        return self.say(tried["label"], n=tried["n"])

    def rate(self, tried: Mapping[str, Any]) -> str:
        """1,650 tokens."""
        if tried["per_s"] is None:
            return "–"
        unit = UNITS.get(tried["unit"], tried["unit"])
        return f"{self.say.number(rounded(tried['per_s']))} {self.say(unit)}".strip()

    def count(self, value: float) -> str:
        """A large count in few letters: 6.7B."""
        return self.say.compact(rounded(value))

    def machine(self, plan: Mapping[str, Any]) -> str:
        """8 × H100, spot, nebius."""
        spot = [self.say("spot")] if plan["spot"] else []
        return self.row([f"{plan['gpus']:,} × {plan['gpu']}", *spot, plan["cloud"]])

    def row(self, parts: Sequence[str]) -> str:
        """One after the other, with the commas of the language."""
        return self.say(", ").join(parts)

    def method(self, plan: Mapping[str, Any]) -> str:
        return self.say(METHODS[plan["method"]])

    def strategy(self, name: str) -> str:
        return self.say(STRATEGIES[name])

    def layout(self, plan: Mapping[str, Any]) -> str:
        """bf16, DP 4, TP 2, ZeRO 1: how the work is laid out; what is 1 or off is left out."""
        parts = [plan["precision"]]
        parts += [f"{name} {plan[key]}" for name, key in (("DP", "data"), ("TP", "tensor")) if plan[key] > 1]
        if plan["sequence_parallel"]:
            parts.append("SP")
        if plan["pipeline"] > 1:
            parts.append(f"PP {plan['pipeline']}" + (f"×{plan['interleave']}" if plan["interleave"] > 1 else ""))
        if plan["zero"]:
            parts.append(f"ZeRO {plan['zero']}")
        parts.append(self.say("{n} × {m} at once", n=plan["accumulate"], m=plan["micro_batch"]))
        if recompute := RECOMPUTE[plan["recompute"]]:
            parts.append(self.say(recompute))
        return self.row(parts)

    def told(self, note: Mapping[str, Any]) -> str:
        """A note in the reader's language; not safe."""
        values = {k: self.say.again(v) if isinstance(v, str) else v for k, v in note["values"].items()}
        return self.say(note["say"], **values)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, kind: str = "", sort: bool = True) -> str:
        """Figures to the right; heads and texts are safe."""
        return self.sheet.table(heads, rows, kind=kind, sort=sort)

    def source(self, *formulas: str) -> str:
        return self.sheet.source(*formulas, rows=0)


def rounded(value: float) -> float:
    """To three digits, without a minus before nothing: what follows from assumptions is not known better."""
    return float(f"{value:.3g}") + 0.0
