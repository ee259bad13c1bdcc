"""The server: drives engines, keeps their records, and answers over HTTP."""
