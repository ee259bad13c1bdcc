"""Requests as W&B's client sends them, without the client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

_UPSERT = """
mutation UpsertBucket($id: String, $name: String, $project: String, $entity: String, $groupName: String,
  $displayName: String, $notes: String, $config: JSONString, $host: String, $sweep: String, $tags: [String!],
  $summaryMetrics: JSONString) {
  upsertBucket(input: {id: $id, name: $name, modelName: $project, entityName: $entity, groupName: $groupName,
    displayName: $displayName, notes: $notes, config: $config, host: $host, sweep: $sweep, tags: $tags,
    summaryMetrics: $summaryMetrics}) {
    bucket { id name displayName config sweepName historyLineCount project { id name entity { id name } } } inserted
  }
}
"""


class RawClient:
    """Speaks to a server's address as a client of entity e and project p."""

    def __init__(self, address: str, agent: str = "wandb-core", key: str = "k" * 40) -> None:
        self._http = httpx.Client(base_url=address, auth=("api", key), headers={"User-Agent": agent}, timeout=60)

    def post(self, path: str, body: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._http.post(path, content=content, headers={"Content-Type": "application/json"})

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a document that is answered."""
        answer = self.post("/graphql", {"query": query, "variables": variables, "operationName": ""})
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def begin(self, name: str, config: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
        """The bucket of a run begun by a process."""
        wrapped = json.dumps({key: {"value": value} for key, value in (config or {}).items()})
        given = {"name": name, "project": "p", "entity": "e", "host": "here", "config": wrapped, **more}
        bucket: dict[str, Any] = self.ask(_UPSERT, **given)["upsertBucket"]["bucket"]
        return bucket

    def stream(self, name: str, offset: int = 0, *rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """What is answered to a chunk of `file_stream` with these rows."""
        files: dict[str, Any] = dict(more.pop("files", {}))
        if rows:
            content = [json.dumps(row) for row in rows]
            files["wandb-history.jsonl"] = {"offset": offset, "content": content}
        summary = more.pop("summary", None)
        if summary is not None:
            files["wandb-summary.json"] = {"offset": 0, "content": [json.dumps(summary)]}
        answer = self.post(f"/files/e/p/{name}/file_stream", {"files": files, **more})
        assert answer.status_code == 200, answer.text
        answered: dict[str, Any] = answer.json()
        return answered

    def whole(
        self, name: str, rows: list[Mapping[str, Any]], config: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """A run from begin to end; its last row is its summary."""
        code = more.pop("exitcode", 0)
        self.begin(name, config, **more)
        rows = [{"_step": at, "_timestamp": 1000.0 + at, "_runtime": at, **row} for at, row in enumerate(rows)]
        self.stream(name, 0, *rows, summary=rows[-1] if rows else {})
        self.stream(name, complete=True, exitcode=code)
