"""The page of the files of assumptions: each as `mintmark new` writes it, with what its comments say."""

from mintmark.cli import new
from pages.form import Say, home


def page(say: Say) -> str:
    head = say(
        "What `mintmark value`, `price` and others reckon with stands in a file of yours, strict as a recipe is: a key "
        "that is not known is an error, which names the nearest."
    )
    lines = [f"# {say('Files of assumptions')}", "", head, ""]
    with home() as place:
        for kind in new.ASSUMED:
            path = place / f"{kind}.toml"
            new.assumptions(kind, path)
            written = say("{command} writes it:", command=f"`mintmark new {kind}`")
            text = path.read_text(encoding="utf-8").strip()
            lines += [f"## {kind}", "", written, "", "```toml", text, "```", ""]
    return "\n".join(lines)
