"""The ledger of runs: append-only, each entry bound to the one before it."""

from mintmark.ledger.store import Ledger

__all__ = ["Ledger"]
