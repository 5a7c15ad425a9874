"""mintmark predict: answer the questions of a file from a bundle."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.seal import KeyFile, key_of
from mintmark.cli.speech import spoken

ENDINGS = (".csv", ".parquet", ".jsonl")


def predict(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    file: Annotated[str, typer.Argument(help="Questions: CSV, Parquet, JSON lines, or a folder.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Write answers there (.csv, .parquet, .jsonl) instead.", show_default=False)
    ] = None,
    key_file: KeyFile = None,
) -> dict[str, Any]:
    """Answer the questions of a file; the same code answers in the server."""
    from mintmark import spine
    from mintmark.base.errors import RecipeError
    from mintmark.data import source
    from mintmark.numerics import answers
    from mintmark.recipe import schema

    loaded = spine.load(bundle, key_of(key_file))
    if out is not None and out.suffix not in ENDINGS:
        raise RecipeError(f"unknown ending {out.suffix!r}.", where="--out", fix=", ".join(ENDINGS))
    texts = [f["name"] for f in loaded.facts["questions"] if f["kind"] == "text"]
    asked = {"text": texts} | ({} if "://" in file else {"query": ""})  # the recipe's query is not of this file
    options = schema.build(schema.Read, loaded.facts["recipe"]["read"] | asked, where="read")
    rows, notes = source.read(file, options, None)
    made = spine.answer(loaded, rows)
    if out is None:
        return {"answers": answers.to_json(made), "notes": notes}
    _write(made, out)
    return {"written": str(out), "rows": len(made), "notes": notes}


def _write(made: Any, out: Path) -> None:
    """Answers as a file, whole or not at all."""
    import json
    import os

    from pyarrow import csv, parquet

    from mintmark.base.errors import RecipeError
    from mintmark.numerics import answers

    half = out.with_name(f".{out.name}.half")
    try:
        if out.suffix == ".parquet":
            parquet.write_table(made, half)
        elif out.suffix == ".jsonl":
            half.write_text("".join(json.dumps(a, ensure_ascii=False) + "\n" for a in answers.to_json(made)), "utf-8")
        else:
            csv.write_csv(answers.flat(made), half)
        os.replace(half, out)
    except OSError as exc:
        half.unlink(missing_ok=True)
        raise RecipeError(f"cannot be written: {exc.strerror}.", where=str(out), fix="another --out.") from exc


def show(said: dict[str, Any]) -> str:
    import json

    if "written" in said:
        return spoken()("{n} answers in {file}", n=str(said["rows"]), file=said["written"])
    return "\n".join(json.dumps(a, ensure_ascii=False) for a in said["answers"])
