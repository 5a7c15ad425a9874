"""mintmark runs: what was run on this machine, and whether its history still holds."""

from typing import Annotated, Any

import typer

from mintmark.base.figures import number
from mintmark.cli.plain import program
from mintmark.cli.speech import spoken


def runs(
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of hashes and every record.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 20,
) -> dict[str, Any]:
    """List the runs of this machine, the newest first."""
    from mintmark.ledger import Ledger

    ledger = Ledger.default()
    if verify:
        broken = ledger.verify()
        return {"holds": not broken, "broken": broken, "exit": 3 if broken else 0}
    return {"runs": ledger.runs(limit)}


def show(said: dict[str, Any]) -> str:
    say = spoken()
    if "holds" in said:
        broken = [say("The ledger does not hold:"), *map(say.again, said["broken"])]
        return say("The ledger holds.") if said["holds"] else "\n".join(broken)
    if not said["runs"]:
        return say("No runs yet. Next: {command}", command=f"{program()} new tabular_classification")
    return "\n".join(_line(r) for r in said["runs"])


def _line(run: dict[str, Any]) -> str:
    content, say = run["content"], spoken()
    units = {u: f" {say.currency(u)}" if u != "1" else "" for _, u in content["measures"].values()}
    figures = "  ".join(f"{n} {number(v)}{units[u]}" for n, (v, u) in content["measures"].items())
    moment = say.left(say.moment(run["time"]), 16 if say.code == "en" else 20)
    return f"{moment}  {run['run']:22}  {content['task']:24}{figures}"
