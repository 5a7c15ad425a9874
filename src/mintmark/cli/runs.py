"""mintmark runs: what was run on this machine, and whether its history still holds."""

from typing import Annotated, Any

import typer

from mintmark.base.figures import number
from mintmark.cli.plain import program


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
    if "holds" in said:
        return "The ledger holds." if said["holds"] else "\n".join(["The ledger does not hold:", *said["broken"]])
    if not said["runs"]:
        return f"No runs yet. Next: {program()} new tabular_classification"
    return "\n".join(_line(r) for r in said["runs"])


def _line(run: dict[str, Any]) -> str:
    content = run["content"]
    figures = "  ".join(f"{n} {number(v)}" + (f" {u}" if u != "1" else "") for n, (v, u) in content["measures"].items())
    return f"{run['time'][:16].replace('T', ' ')}  {run['run']:22}  {content['task']:24}{figures}"
