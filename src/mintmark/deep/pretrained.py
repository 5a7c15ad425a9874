"""Pretrained language models in the form of Hugging Face: read from a folder or the hub, tuned whole or by LoRA."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from mintmark.base.errors import BundleError, RecipeError
from mintmark.base.need import need
from mintmark.base.state import State
from mintmark.deep import language, weights, windows
from mintmark.deep.job import Row, Work

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
LONGEST = 1024
"""tokens of context where the model does not say"""
FILES = ["config.json", "generation_config.json", "tokenizer*.json", "special_tokens_map.json", "*.safetensors*"]
CONVERT = (
    "convert it where you trust its origin: AutoModelForCausalLM.from_pretrained(FOLDER)"
    ".save_pretrained(OTHER, safe_serialization=True), and name the other folder."
)
WHERE = "settings.pretrained"


def find(name: str) -> Path:
    """The folder of a model: a folder of this machine, or one fetched from the Hugging Face hub.

    Raises: RecipeError: no such folder and nothing to be fetched; weights as pickle only, or none at all; no
    tokenizer.json, no config.json.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if folder.suffix and folder.is_file():
            raise RecipeError(f"{name!r} is a file.", where=WHERE, fix="the folder that holds config.json.")
        folder = _fetched(name)
    safe, pickles = sorted(folder.glob("*.safetensors")), sorted(p for kind in PICKLES for p in folder.glob(kind))
    if not safe and pickles:
        what = f"{name!r} holds its weights as {pickles[0].name} only: reading that file could run any program."
        raise RecipeError(what, where=WHERE, fix=CONVERT)
    for needed, found in (("config.json", (folder / "config.json").exists()), ("model.safetensors", bool(safe))):
        if not found:
            what, fix = f"{name!r} lacks {needed}.", "a folder that save_pretrained has written, with all its files."
            raise RecipeError(what, where=WHERE, fix=fix)
    index = folder / "model.safetensors.index.json"
    if index.exists():
        wanted = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if missing := sorted(wanted - {p.name for p in safe}):
            what = f"{name!r} lacks {missing[0]}, which its index names."
            raise RecipeError(what, where=WHERE, fix="copy the folder again, with all its files.")
    if not (folder / "tokenizer.json").exists():
        fix = "AutoTokenizer.from_pretrained(...).save_pretrained(FOLDER), which writes it."
        raise RecipeError(f"{name!r} lacks tokenizer.json.", where=WHERE, fix=fix)
    return folder


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    fix = "the path of a folder that holds config.json, model.safetensors and tokenizer.json."
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise RecipeError(f"there is no folder {name!r}.", where=WHERE, fix=fix)
    try:
        return Path(snapshot_download(name, allow_patterns=FILES, etag_timeout=5))
    except HFValidationError as exc:
        raise RecipeError(f"{name!r} is neither a folder nor a name on the hub.", where=WHERE, fix=fix) from exc
    except (HfHubHTTPError, OSError) as exc:
        first = str(exc).strip().splitlines()[0][:200] if str(exc).strip() else type(exc).__name__
        what = f"{name!r} is no folder here and could not be fetched from the Hugging Face hub ({first})."
        raise RecipeError(what, where=WHERE, fix=f"a connection, or {fix}") from exc


@dataclass(frozen=True)
class Source:
    """What a model's folder says, beside its weights."""

    config: str
    tokenizer: str
    begin: int
    end: int
    vocabulary: int
    context: int


def source(folder: Path) -> Source:
    """Raises: RecipeError: a model that does not write texts."""
    config = _read(lambda: transformers.AutoConfig.from_pretrained(folder, local_files_only=True), folder)
    tokenizer = _read(lambda: transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True), folder)
    if type(config) not in transformers.AutoModelForCausalLM._model_mapping:
        what = f"{folder.name!r} is a model of the kind {config.model_type!r}, which writes no texts."
        raise RecipeError(what, where=WHERE, fix="a model for causal language modelling (GPT-2, Llama, Qwen ...).")
    marks = [getattr(thing, f"{mark}_token_id", None) for mark in ("bos", "eos") for thing in (tokenizer, config)]
    end = next((m for m in marks[2:] if isinstance(m, int)), 0)
    begin = next((m for m in marks[:2] if isinstance(m, int)), end)
    text = config.get_text_config()
    said = json.dumps(config.to_dict(), sort_keys=True, default=str)
    most = getattr(text, "max_position_embeddings", None) or LONGEST
    return Source(said, tokenizer.backend_tokenizer.to_str(), begin, end, int(text.vocab_size), int(most))


def _read(read: Any, folder: Path) -> Any:
    try:
        return read()
    except (OSError, ValueError, KeyError) as exc:
        first = str(exc).strip().splitlines()[0][:200]
        raise RecipeError(f"{folder.name!r} cannot be read: {first}", where=WHERE, fix="another folder.") from exc


def build(facts: dict[str, Any], folder: Path) -> Work:
    """The work of tuning; facts: pretrained, context, seed, and lora_rank (0: all weights are tuned)."""
    train, valid = windows.read(folder, facts["context"], facts["seed"])
    return Work(tuned(facts), train, valid, nats, unit="tokens")


def tuned(facts: dict[str, Any]) -> nn.Module:
    """The network with its weights as they were published, ready to be tuned."""
    folder = Path(facts["pretrained"])
    net: nn.Module = _read(
        lambda: transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        ),
        folder,
    )
    if not facts["lora_rank"]:
        return net
    peft = need("peft", extra="text")
    rank = facts["lora_rank"]
    wanted = peft.LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=facts["dropout"], target_modules="all-linear", task_type="CAUSAL_LM"
    )
    made: nn.Module = peft.get_peft_model(net, wanted)
    return made


def nats(net: nn.Module, batch: Row) -> tuple[Tensor, int | Tensor]:
    return language.summed(net(input_ids=batch["x"].long(), use_cache=False).logits, batch)


def merged(facts: dict[str, Any], trained: dict[str, Any]) -> dict[str, Any]:
    """The weights of the plain network, with what LoRA learnt added to them."""
    if not facts["lora_rank"]:
        return trained
    net: Any = tuned(facts)
    weights.load_weights(net, trained)
    return weights.arrays(net.merge_and_unload(), {})


def restored(state: State) -> nn.Module:
    """The network of a State, from its own config.json and arrays alone.   Raises: BundleError."""
    raw = json.loads(state.files["config.json"])
    kind = raw.pop("model_type", "")
    try:
        config = transformers.AutoConfig.for_model(kind, **raw)
        models: Any = transformers.AutoModelForCausalLM
        net: nn.Module = models.from_config(config, dtype=torch.float32)
    except (ValueError, KeyError, TypeError) as exc:
        raise BundleError(f"config.json describes no model: {exc}", where="config.json") from exc
    weights.load_weights(net, state.arrays)
    return net.eval()


class PretrainedWriter:
    """Texts of one length go on together, so that none is filled up and none depends on the others' lengths."""

    def __init__(self, net: Any, context: int) -> None:
        self.net, self.context, self.device = net, context, next(net.parameters()).device
        self.groups: list[_Group] = []

    @torch.inference_mode()
    def start(self, prompts: list[list[int]]) -> Tensor:
        cut = [p[-self.context :] for p in prompts]
        lengths = sorted({len(p) for p in cut})
        self.groups = []
        for length in lengths:
            rows = [i for i, p in enumerate(cut) if len(p) == length]
            self.groups.append(_Group(rows, torch.tensor([cut[i] for i in rows], device=self.device)))
        return self._said([self._seen(g, g.ids) for g in self.groups])

    @torch.inference_mode()
    def go_on(self, tokens: list[int]) -> Tensor:
        made = []
        for group in self.groups:
            new = torch.tensor([[tokens[i]] for i in group.rows], device=self.device)
            if group.ids.shape[1] >= self.context:  # full: on from the later half
                group.cache, group.ids = None, group.ids[:, -max(1, self.context // 2) :]
                new, group.ids = torch.cat([group.ids, new], 1), torch.cat([group.ids, new], 1)
            else:
                group.ids = torch.cat([group.ids, new], 1)
            made.append(self._seen(group, new))
        return self._said(made)

    def keep(self, rows: list[int]) -> None:
        place = {row: i for i, row in enumerate(rows)}
        left = []
        for group in self.groups:
            at = [i for i, row in enumerate(group.rows) if row in place]
            if at:
                inside = torch.tensor(at, device=self.device)
                group.rows, group.ids = [place[group.rows[i]] for i in at], group.ids[inside]
                group.cache.batch_select_indices(inside)
                left.append(group)
        self.groups = left

    def _seen(self, group: "_Group", ids: Tensor) -> Tensor:
        out = self.net(input_ids=ids, past_key_values=group.cache, use_cache=True)
        group.cache = out.past_key_values
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def _said(self, made: list[Tensor]) -> Tensor:
        rows = [row for group in self.groups for row in group.rows]
        return torch.cat(made)[torch.tensor(rows, device=self.device).argsort()]


@dataclass
class _Group:
    rows: list[int]
    ids: Tensor
    cache: Any = None
