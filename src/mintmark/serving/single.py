"""One row of numbers, times and booleans as a table, straight from its bytes.

Arrow makes a table of thirty columns from thirty arrays, which for a single row takes longer than the model does. But
the message by which Arrow writes such a row (its IPC format) is the same for every row up to the values at its end, as
each has eight bytes. So the message is made once, and every row is that message with other values.
"""

import struct
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

WIDTH = 8
"""bytes of a value, padding included"""
FORMS = {pa.float64(): "d", pa.timestamp("us"): "q", pa.bool_(): "?7x"}


class Single:
    """Tables of one row of these types without missing values."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._values = struct.Struct("<" + "".join(FORMS[t] for t in schema.types))
        row = [pa.array([0], pa.int64()).cast(t) for t in schema.types]
        message = pa.RecordBatch.from_arrays(row, schema=schema).serialize().to_pybytes()
        self._head = message[: -WIDTH * len(row)]

    @classmethod
    def of(cls, names: Sequence[str], types: Sequence[pa.DataType | None]) -> "Single | None":
        """None where a type has no fixed width, or where this Arrow lays a row out in another way."""
        if not all(t in FORMS for t in types):
            return None
        made = cls(pa.schema(list(zip(names, types, strict=True))))
        numbers = list(range(1, len(names) + 1))
        wanted = [pa.array([n], pa.int64()).cast(t) for n, t in zip(numbers, types, strict=True)]
        expected = pa.Table.from_arrays(wanted, schema=made.schema)
        return made if len(made._head) % WIDTH == 0 and made.table(numbers).equals(expected) else None

    def table(self, values: Sequence[Any]) -> pa.Table:
        message = pa.py_buffer(self._head + self._values.pack(*values))
        return pa.Table.from_batches([pa.ipc.read_record_batch(message, self.schema)])
