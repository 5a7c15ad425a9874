"""mintmark tasks: what can be learnt, and the settings of each."""

from typing import Annotated, Any

import typer

from mintmark.cli.speech import spoken


def tasks(
    task: Annotated[str, typer.Argument(help="A task, to list its settings.")] = "",
    schema: Annotated[bool, typer.Option("--schema", help="The JSON Schema of a recipe for it.")] = False,
) -> dict[str, Any]:
    """List the tasks, or the settings of one."""
    from mintmark import tasks as known
    from mintmark.recipe import schema as recipe

    if schema:
        made = known.get(task).config if task else None
        return {"schema": recipe.json_schema(task or None, made)}
    if not task:
        return {"tasks": known.names()}
    fields = known.get(task).config.model_fields
    settings = {
        n: {
            "type": _type(f.annotation),
            "default": f.get_default(call_default_factory=True),
            "says": f.description or "",
        }
        for n, f in fields.items()
    }
    return {"task": task, "says": known.names()[task], "settings": settings}


def _type(annotation: Any) -> str:
    import typing

    if typing.get_origin(annotation) is typing.Literal:
        return " | ".join(repr(a) for a in typing.get_args(annotation))
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def show(said: dict[str, Any]) -> str:
    import json

    say = spoken()
    if "schema" in said:
        return json.dumps(said["schema"], indent=1, ensure_ascii=False)
    if "tasks" in said:
        return "\n".join(f"{n:26}{say(line)}" for n, line in said["tasks"].items())
    rows = [
        f"  {n} = {s['default']!r}    ({s['type']})\n      {say(' '.join(s['says'].split()))}"
        for n, s in said["settings"].items()
    ]
    title = say("{where}: {what}", where=said["task"], what=say(said["says"]))
    return "\n".join([title, "", "[settings]", *rows])
