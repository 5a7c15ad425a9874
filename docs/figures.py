"""The benchmarks' figures as Markdown, in English and Chinese, from the files that the benchmarks write."""

import json
from pathlib import Path
from typing import Any

SCRIPTS = {"tabular_speed": "benchmarks/tabular_speed.py", "serving": "benchmarks/serving.py"}
ZH = {
    "{} has not been run yet: make bench.": "{} 还没有跑过：make bench。",
    "{date}, {machine}, commit {commit}. Script: [{script}]({script}), result: [{result}]({result}).": (
        "{date}，{machine}，提交 {commit}。脚本：[{script}]({script})，结果：[{result}]({result})。"
    ),
    "measure": "指标", "peer": "对照", "ratio": "比值", "aim": "目标", "met": "达到",
    "yes": "是", "no": "否", "rows": "行数",
    "From CSV to evaluation, {rows:,} rows x {columns}, beside {peer}": (
        "从 CSV 到评估，{rows:,} 行 × {columns} 列；对照是一个裸的 LightGBM 脚本"
    ),
    "One row a request over HTTP, beside a FastAPI endpoint written by hand around the same booster": (
        "HTTP，每个请求一行；对照是围绕同一个模型手写的 FastAPI 接口"
    ),
    "CPU": "CPU 时间", "peak memory": "峰值内存", "ROC AUC on the test rows": "测试行上的 ROC AUC",
    "median time, 1 client": "1 个客户端，中位耗时", "99 % stay below, 1 client": "1 个客户端，99 % 低于",
    "answers a second, 32 clients": "32 个客户端，每秒回答数", "at most {}": "至多 {}", "at least {}": "至少 {}",
    "at most 1.5 x the peer's + 250 MiB": "至多为对照的 1.5 倍加 250 MiB",
}  # fmt: skip


def benchmarks(results: Path, *, zh: bool) -> str:
    """A table for each benchmark, or the line that says it has not been run."""

    def say(text: str) -> str:
        return ZH[text] if zh else text

    made = []
    for name, script in SCRIPTS.items():
        path = results / f"{name}.json"
        if not path.exists():
            made.append(say("{} has not been run yet: make bench.").format(f"`{script}`"))
            continue
        result = json.loads(path.read_text(encoding="utf-8"))
        made.append((_speed if name == "tabular_speed" else _serving)(result, say))
        about = "{date}, {machine}, commit {commit}. Script: [{script}]({script}), result: [{result}]({result})."
        made.append(say(about).format(script=script, result=f"benchmarks/results/{name}.json", **_about(result)))
    return "\n\n".join(made)


def _speed(result: dict[str, Any], say: Any) -> str:
    ours, bare = result["median"]["ours"], result["median"]["bare"]
    aim, within = result["cpu_ratio_aim"], say("at most 1.5 x the peer's + 250 MiB")
    head = "From CSV to evaluation, {rows:,} rows x {columns}, beside {peer}"
    rows = [
        ("CPU", f"{ours['cpu_s']:.2f} s", f"{bare['cpu_s']:.2f} s", f"{result['cpu_ratio']:.2f}",
         say("at most {}").format(aim), result["cpu_ratio"] <= aim),
        ("peak memory", _mib(ours), _mib(bare), f"{result['peak_ratio']:.2f}", within, result["peak_within_aim"]),
        ("ROC AUC on the test rows", f"{ours['roc_auc']:.4f}", f"{bare['roc_auc']:.4f}", "", "", None),
    ]  # fmt: skip
    grown = _table([say("rows"), say("CPU"), say("peak memory")],
                   [[f"{int(n):,}", f"{r['cpu_s']:.2f} s", _mib(r)] for n, r in result["by_rows"].items()])  # fmt: skip
    return "\n\n".join([f"**{say(head).format(**result)}**", _against(rows, say), grown])


def _serving(result: dict[str, Any], say: Any) -> str:
    ours, peer, ratio = result["figures"]["mintmark"], result["figures"]["fastapi"], result["ratio"]
    wanted = {key.removeprefix("ratio "): aim for key, aim in result["targets"].items()}
    rows = []
    for key, words, unit in (
        ("p50_ms.1", "median time, 1 client", " ms"),
        ("p99_ms.1", "99 % stay below, 1 client", " ms"),
        ("per_s.32", "answers a second, 32 clients", ""),
    ):
        digits, aim, met = (2 if unit else 0), "", None
        if key in wanted:
            words_of_aim, _, bound = wanted[key].rpartition(" ")
            aim = say(words_of_aim + " {}").format(bound)
            met = ratio[key] <= float(bound) if words_of_aim == "at most" else ratio[key] >= float(bound)
        shown = (f"{x[key]:,.{digits}f}{unit}" for x in (ours, peer))
        rows.append((words, *shown, f"{ratio[key]:.2f}", aim, met))
    head = "One row a request over HTTP, beside a FastAPI endpoint written by hand around the same booster"
    return f"**{say(head)}**\n\n" + _against(rows, say)


def _against(rows: list[Any], say: Any) -> str:
    head = [say("measure"), "mintmark", *map(say, ("peer", "ratio", "aim", "met"))]
    return _table(head, [[say(r[0]), *r[1:5], "" if r[5] is None else say("yes" if r[5] else "no")] for r in rows])


def _about(result: dict[str, Any]) -> dict[str, str]:
    machine = result["machine"]
    if isinstance(machine, dict):
        machine = f"{machine['cpus']} processors, {machine['system'].partition('-')[0]}, Python {machine['python']}"
    return {"date": result["date"][:10], "commit": result["commit"][:7], "machine": machine}


def _mib(figures: dict[str, float]) -> str:
    return f"{figures['peak_bytes'] / 2**20:,.0f} MiB"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])
