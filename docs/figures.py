"""The benchmarks' figures as Markdown, in English and Chinese, from the files that the benchmarks write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("tabular", "tabular_speed", "serving", "forecasting", "deep_loop", "text_generation", "report")
SCRIPTS = {name: f"benchmarks/{name}.py" for name in NAMES}
SETS = {"monthly": "M1 monthly", "weekly": "M4 weekly", "hourly": "M4 hourly"}
TABLES_OF = {
    "fraud_creditcard": "fraud_creditcard", "churn_telco": "churn_telco", "anomaly_nsl_kdd": "anomaly_nsl_kdd",
    "credit_german": "credit_german", "medical_heart_statlog": "heart_statlog", "genetics_golub": "genetics_golub",
}  # fmt: skip
TOOLS = {
    "ours": "mintmark", "autogluon": "AutoGluon", "flaml": "FLAML", "ebm": "EBM", "lightgbm_default": "LightGBM",
    "logistic": "logistic",
}  # fmt: skip
ZH = {
    "Tables, {seconds:.0f} s each tool: ROC AUC on the test rows, mean of the splits": (
        "表格，每个工具 {seconds:.0f} 秒：测试行上的 ROC AUC，各次划分取平均"
    ),
    "Mean difference to the best of them over the sets: {mean:+.4f}.": (
        "对其中最好者的平均差值（各数据集平均）：{mean:+.4f}。"
    ),
    "splits": "划分次数", "best of them, difference, 95 %": "其中最好者、差值、95 % 区间",
    "must: reaches 0": "必须：区间触及 0",
    "What it took, ours / AutoGluon / FLAML": "代价，我们 / AutoGluon / FLAML",
    "longest run, s": "最长一次，秒", "CPU s": "CPU 秒数", "bundle, MB": "模型大小，MB",
    "one answer, ms": "回答一行，毫秒",
    "value per case, ours / best of them": "每笔价值，我们 / 其中最好者", "logistic": "逻辑回归",
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
    "99 % stay below, 32 clients": "32 个客户端，99 % 低于",
    "With `--state`, where it is watched, 32 clients get {share:.0%} of that a second, 99 % below {p99:.1f} ms.": (
        "用 `--state` 监测时，32 个客户端每秒得到其中的 {share:.0%}，99 % 低于 {p99:.1f} 毫秒。"
    ),
    "answers a second, 32 clients": "32 个客户端，每秒回答数", "at most {}": "至多 {}", "at least {}": "至少 {}",
    "at most 1.5 x the peer's + 250 MiB": "至多为对照的 1.5 倍加 250 MiB",
    "M1 monthly": "M1 月度", "M4 weekly": "M4 周度", "M4 hourly": "M4 小时",
    "Forecasts of {count} series a set, beside statsforecast's models (OWA: less is better, Naive2 has 1)": (
        "每组 {count} 个序列的预测，对照是 statsforecast 的各个模型（OWA 越小越好，Naive2 为 1）"
    ),
    "set": "数据", "OWA": "OWA", "best single model on validation": "验证段上最好的单一模型",
    "difference, 95 %": "差值，95 % 区间", "best peer in hindsight": "事后看最好的对照",
    "coverage of 90 %": "90 % 区间的覆盖率", "CPU s a series, ours / its": "每个序列的 CPU 秒数，我们 / 它",
    "must: interval not above 0": "必须：区间不全在 0 以上",
    "aim: below 0": "目标：差值小于 0", "not run yet": "尚未运行",
    "mean of ETS, Theta, CES": "ETS、Theta、CES 的均值",
    "mean of ETS, ARIMA, Theta, CES": "ETS、ARIMA、Theta、CES 的均值",
    "Tokens a second in training, a GPT {width} wide, batch {batch_size} x {context}; median of {repeats} runs": (
        "训练时每秒的 token 数：宽 {width} 的 GPT，批 {batch_size} × {context}，轮流各跑 {repeats} 次取中位数"
    ),
    "precision": "精度", "transformers Trainer": "transformers Trainer", "bare loop": "裸循环",
    "ratio to the faster": "与较快者之比", "must": "必须",
    "Tiny Shakespeare from nothing, its last 10 % as test": "从零训练 Tiny Shakespeare，最后 10 % 作测试",
    "nats a character": "每字符 nats", "wall time": "总耗时", "bound": "界限",
    "Report of a run: the slowest and the largest of {pages} pages, {recipes} recipes in two languages": (
        "运行报告：{recipes} 个配方、两种语言共 {pages} 页，取最慢和最大者"
    ),
    "time to write it, the first time": "首次写出的耗时", "size": "大小", "below {}": "低于 {}",
    "Log loss by rows fitted on, and on rows never seen; mean of {n} draws of the rows": (
        "按拟合行数的对数损失，以及从未见过的行上的对数损失；{n} 次抽取行的平均"
    ),
    "{budget:,.0f} EUR, promised and realised, mean of {n} draws": "{budget:,.0f} 欧元，承诺与实现，{n} 次抽取的平均",
    "project": "项目", "never seen": "从未见过", "way": "方式", "promised": "承诺", "realised, 95 %": "实现，95 %",
    "within what was said": "落在预告之内", "exact brings more by, 95 %": "精确法多带来，95 %", "paid": "花费",
    "seconds": "秒数", "rows learnt from then": "之后学习的行数", "exact": "精确", "mean and CVaR": "均值与 CVaR",
    "greedy": "贪心", "equal split": "平均分配",
    "{date}, {machine}, commit {commit}.": "{date}，{machine}，提交 {commit}。",
    "{:.2f} must": "必须 {:.2f}", "{:.2f} aim": "目标 {:.2f}", "{:.0f} min must": "必须 {:.0f} 分钟以内",
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
        made.append(TABLES[name](result, say))
        about = "{date}, {machine}, commit {commit}. Script: [{script}]({script}), result: [{result}]({result})."
        made.append(say(about).format(script=script, result=f"benchmarks/results/{name}.json", **_about(result)))
    return "\n\n".join(made)


def allocation(results: Path, *, zh: bool) -> str:
    """The tables of the allocation study: curves, then promised and realised of each way to spend."""
    result = json.loads((results / "allocation.json").read_text(encoding="utf-8"))
    studies, ways, n = result["studies"], result["ways"], len(result["studies"])

    def say(text: str) -> str:
        return ZH[text] if zh else text

    def mean(name: str, place: int, key: str = "errors") -> float:
        return sum(float(s["curves"][name][key][place]) for s in studies) / n

    names, first = list(studies[0]["curves"]), studies[0]["curves"]
    heads = [f"{s:,.0f}" for s in first[names[0]]["sizes"]]
    curves = [[name, *(f"{mean(name, i):.4f}" for i in range(len(heads))),
               f"{sum(s['curves'][name]['unseen']['error'] for s in studies) / n:.4f}"] for name in names]  # fmt: skip
    rows = []
    for way, words in WAYS.items():
        w = ways[way]
        more = "–" if way == "exact" else _span(w["exact_more"])
        then = ", ".join(f"{name} {w['rows_then'][name]:,.0f}" for name in names)
        rows.append([say(words), f"{w['promised']:,.0f}", _span(w["realised"]), f"{w['inside_measured']} / {n}", more,
                     f"{w['paid']:,.0f}", f"{w['seconds']:,.0f}", then])  # fmt: skip
    asked = ("way", "promised", "realised, 95 %", "within what was said", "exact brings more by, 95 %", "paid",
             "seconds", "rows learnt from then")  # fmt: skip
    about = say("{date}, {machine}, commit {commit}.").format(**_about(result))
    learnt = say("Log loss by rows fitted on, and on rows never seen; mean of {n} draws of the rows").format(n=n)
    spent = say("{budget:,.0f} EUR, promised and realised, mean of {n} draws").format(n=n, **result)
    parts = [
        f"**{learnt}**", _table([say("project"), *heads, say("never seen")], curves), f"**{spent}**",
        _table(list(map(say, asked)), rows), about,
    ]  # fmt: skip
    return "\n\n".join(parts)


WAYS = {"exact": "exact", "mean_cvar": "mean and CVaR", "greedy": "greedy", "equal": "equal split"}


def _span(value: dict[str, float]) -> str:
    return f"{value['mean']:,.0f} ({value['low']:,.0f}, {value['high']:,.0f})"


def _auc(tool: dict[str, Any] | None, splits: int) -> str:
    """The measure of a tool; behind it the number of splits where it was not run on all, a dash where on none."""
    if tool is None:
        return "–"
    few = tool.get("splits", splits)
    return f"{tool['roc_auc']:.4f}" + (f" ({few})" if few < splits else "")


def _tabular(result: dict[str, Any], say: Any) -> str:
    """Measures of every tool, and what three of them took."""
    found, first, second, means = result["sets"], [], [], []
    for name, words in TABLES_OF.items():
        if name not in found:
            first.append([words, say("not run yet"), *[""] * (len(TOOLS) + 2)])
            continue
        r = found[name]
        tools, best = r["tools"], r["best_peer"]
        off = r["ours_less"][best]
        means.append(off["mean"])
        first.append([
            words, str(r["splits"]), *(_auc(tools.get(t), r["splits"]) for t in TOOLS),
            f"{TOOLS[best]} {off['mean']:+.4f} ({off['low']:+.4f}, {off['high']:+.4f})",
            say("yes" if off["high"] >= 0 else "no"),
        ])  # fmt: skip

        def three(key: str, form: str, scale: float = 1.0, tools: Any = tools) -> str:
            some = [tools.get(t) for t in ("ours", "autogluon", "flaml")]
            return " / ".join(format(x[key] * scale, form) if x else "–" for x in some)

        worth = {t: tools[t]["value_per_case"] for t in tools if "value_per_case" in tools[t]}
        paid = ""
        if worth:
            top = max((t for t in worth if t != "ours"), key=worth.__getitem__)
            paid = f"{worth['ours']:.4f} / {TOOLS[top]} {worth[top]:.4f}"
        second.append([
            words, three("wall_s_most", ".0f"), three("cpu_s", ".0f"), three("bytes", ".1f", 1e-6),
            three("answer_one_s", ".1f", 1e3), paid,
        ])  # fmt: skip
    heads = [say("set"), say("splits"), *(say(t) if t == "logistic" else t for t in TOOLS.values())]
    heads += [say("best of them, difference, 95 %"), say("must: reaches 0")]
    took = ["longest run, s", "CPU s", "bundle, MB", "one answer, ms", "value per case, ours / best of them"]
    head = say("Tables, {seconds:.0f} s each tool: ROC AUC on the test rows, mean of the splits").format(**result)
    mean = say("Mean difference to the best of them over the sets: {mean:+.4f}.").format(mean=sum(means) / len(means))
    costs = say("What it took, ours / AutoGluon / FLAML")
    return "\n\n".join(
        [f"**{head}**", _table(heads, first), mean, f"**{costs}**", _table([say("set"), *map(say, took)], second)]
    )


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
        ("p99_ms.32", "99 % stay below, 32 clients", " ms"),
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
    made = f"**{say(head)}**\n\n" + _against(rows, say)
    if watched := result["figures"].get("watched"):
        share = watched["per_s.32"] / ours["per_s.32"]
        words = (
            "With `--state`, where it is watched, 32 clients get {share:.0%} of that a second, 99 % below {p99:.1f} ms."
        )
        made += "\n\n" + say(words).format(share=share, p99=watched["p99_ms.32"])
    return made


def _forecasting(result: dict[str, Any], say: Any) -> str:
    """A row a set; one that has not been run yet is said to be missing."""
    found, rows = result["sets"], []
    for name, words in SETS.items():
        if name not in found:
            rows.append([say(words), say("not run yet"), *[""] * 7])
            continue
        r, models = found[name], found[name]["models"]
        ours, best = models["mintmark"], models[r["best_single"]]
        late = min((n for n in models if n != "mintmark"), key=lambda n: models[n]["owa"])
        low, high = r["interval"]
        rows.append([
            say(words), f"{ours['owa']:.3f}", f"{r['best_single']}, {best['owa']:.3f}",
            f"{r['owa_less_best_single']:+.3f} ({low:+.3f}, {high:+.3f})",
            f"{say(late) if late.startswith('mean') else late}, {models[late]['owa']:.3f}", f"{r['coverage']:.1%}",
            f"{ours['cpu_s_a_series']:.3f} / {best['cpu_s_a_series']:.3f}",
            *(say("yes" if r[n] else "no") for n in ("must", "aim")),
        ])  # fmt: skip
    words = (
        "set", "OWA", "best single model on validation", "difference, 95 %", "best peer in hindsight",
        "coverage of 90 %", "CPU s a series, ours / its", "must: interval not above 0", "aim: below 0",
    )  # fmt: skip
    head = "Forecasts of {count} series a set, beside statsforecast's models (OWA: less is better, Naive2 has 1)"
    count = max((r["series"] for r in found.values()), default=0)
    return f"**{say(head).format(count=count)}**\n\n" + _table(list(map(say, words)), rows)


def _loop(result: dict[str, Any], say: Any) -> str:
    rows = []
    for precision in ("fp32", "bf16"):
        if precision in result:
            r, per_s = result[precision], result[precision]["tokens_per_s"]
            ratio, must = r["ratio_to_faster_peer"], r["ratio_must"]
            rows.append([
                precision, *(f"{per_s[n]:,.0f}" for n in ("ours", "trainer", "bare")), f"{ratio:.2f}",
                say("at least {}").format(must), say("yes" if ratio >= must else "no"),
            ])  # fmt: skip
    words = ("precision", "mintmark", "transformers Trainer", "bare loop", "ratio to the faster", "must", "met")
    head = "Tokens a second in training, a GPT {width} wide, batch {batch_size} x {context}; median of {repeats} runs"
    shown = say(head).format(**result["network"], **{n: result[n] for n in ("batch_size", "repeats")})
    return f"**{shown}**\n\n" + _table([w if w == "mintmark" else say(w) for w in words], rows)


def _text(result: dict[str, Any], say: Any) -> str:
    reached, wall = result["nats_per_character"], result["wall_s"]
    minutes = f"{wall / 60:.1f} min" if say("yes") == "yes" else f"{wall / 60:.1f} 分钟"
    rows = []
    for kind in ("must", "aim"):
        bound = say(f"{{:.2f}} {kind}").format(result[kind])
        rows.append([say("nats a character"), f"{reached:.3f}", bound, reached <= result[kind]])
    bound = say("{:.0f} min must").format(result["wall_must_s"] / 60)
    rows.append([say("wall time"), minutes, bound, wall <= result["wall_must_s"]])
    words = ["measure", "mintmark", "bound", "met"]
    shown = [[*row[:3], say("yes" if row[3] else "no")] for row in rows]
    head = say("Tiny Shakespeare from nothing, its last 10 % as test")
    return f"**{head}**\n\n" + _table([w if w == "mintmark" else say(w) for w in words], shown)


def _report(result: dict[str, Any], say: Any) -> str:
    worst, aim = result["worst"], result["aim"]
    pages = sum(len(each) for each in result["recipes"].values())
    head = "Report of a run: the slowest and the largest of {pages} pages, {recipes} recipes in two languages"
    rows = []
    for words, key, bound, unit in (
        ("time to write it, the first time", "first_s", "seconds", "s"), ("size", "megabytes", "megabytes", "MB"),
    ):  # fmt: skip
        told = (f"{worst[key]:.2f} {unit}", say("below {}").format(f"{aim[bound]:g} {unit}"))
        rows.append([say(words), *told, say("yes" if worst[key] < aim[bound] else "no")])
    names = ["measure", "mintmark", "aim", "met"]
    shown = say(head).format(pages=pages, recipes=len(result["recipes"]))
    return f"**{shown}**\n\n" + _table([w if w == "mintmark" else say(w) for w in names], rows)


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


TABLES: dict[str, Callable[[dict[str, Any], Any], str]] = {
    "tabular": _tabular, "tabular_speed": _speed, "serving": _serving, "forecasting": _forecasting, "deep_loop": _loop,
    "text_generation": _text, "report": _report,
}  # fmt: skip
