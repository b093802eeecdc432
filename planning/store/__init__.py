"""Where tables, arrays and documents rest: a folder that a person can copy."""

from planning.store.folder import read_arrays, read_document, read_table, write_arrays, write_document, write_table

__all__ = ["read_arrays", "read_document", "read_table", "write_arrays", "write_document", "write_table"]
