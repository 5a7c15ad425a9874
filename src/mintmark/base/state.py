"""State: all that a learnt thing can be. Nothing else can be saved, so nothing else can exist."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class State:
    arrays: "dict[str, npt.NDArray[np.generic]]" = field(default_factory=dict)
    """numbers and booleans only"""
    facts: dict[str, Any] = field(default_factory=dict)
    """what JSON can hold, NaN and infinity excluded"""
    files: dict[str, bytes] = field(default_factory=dict)
    """file name -> bytes in a safe format (.arrow, .onnx, .json, LightGBM's .txt)"""
    parts: "dict[str, State]" = field(default_factory=dict)
