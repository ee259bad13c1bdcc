"""How long W&B's client waits for each kind of answer in a large project, and how much memory the server takes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import psutil

from benchmarks.result import Result, Row
from benchmarks.serving import server
from besom.connections import Connections

RUNS, METRICS, LONG, WIDE = 3000, 1000, 1_000_000, 1000
AT_ONCE = 20_000
LIMIT_S, MEMORY_GB = 1.0, 1.0
HEADER = "Basic " + base64.b64encode(b"api:" + b"0" * 40).decode()

UPSERT = """mutation UpsertBucket($name: String, $project: String, $entity: String, $config: JSONString,
    $host: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config, host: $host}) {
    bucket { id name displayName project { name entity { name } } historyLineCount } inserted } }"""
RUNS_PAGE = """query Runs($filters: JSONString, $order: String, $cursor: String) {
  project(name: "big", entityName: "lab") { internalId runCount(filters: $filters) readOnly
    runs(filters: $filters, after: $cursor, first: 50, order: $order) {
      edges { node { id name displayName state group tags createdAt historyLineCount user { name } } cursor }
      pageInfo { endCursor hasNextPage } } } }"""
HEAVY_PAGE = RUNS_PAGE.replace("historyLineCount", "historyLineCount config summaryMetrics systemMetrics historyKeys")
RUN = """query Run($name: String!) { project(name: "big", entityName: "lab") {
  run(name: $name) { %s } } }"""


class Client:
    """Speaks as W&B's client does."""

    def __init__(self, address: str) -> None:
        self._connections = Connections(address)
        self._connections._with_body["Authorization"] = HEADER

    def send(self, path: str, body: Any) -> Any:
        """The answer to a request. Raises RuntimeError where it is refused."""
        status, answer = self._connections.send("POST", path, json.dumps(body).encode())
        if status != 200:
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")
        return json.loads(answer)

    def query(self, document: str, **variables: Any) -> Any:
        """The data of a GraphQL document."""
        return self.send("/graphql", {"query": document, "variables": variables})["data"]

    def stream(self, run: str, first: int, rows: list[dict[str, Any]], summary: dict[str, Any] | None = None) -> None:
        """Send history and summary of a run."""
        files: dict[str, Any] = {"wandb-history.jsonl": {"offset": first, "content": [json.dumps(row) for row in rows]}}
        if summary is not None:
            files["wandb-summary.json"] = {"offset": 0, "content": [json.dumps(summary)]}
        self.send(f"/files/lab/big/{run}/file_stream", {"files": files})


def measure() -> Result:
    """Seconds of the slowest request of each kind, and the server's memory."""
    with server() as (address, home):
        client, slowest = Client(address), {}
        process = psutil.Process(int(json.loads((home / "server.json").read_text())["pid"]))
        _fill(client, slowest)
        for what, ask in _requests(client).items():
            slowest[what] = max(_timed(ask) for _ in range(3))
        memory = process.memory_info().rss / 1e9
    rows = [Row(f"{what}, s", seconds, LIMIT_S) for what, seconds in slowest.items()]
    return Result(
        "W&B's client in a large project",
        f"{RUNS:,} runs of {METRICS:,} metrics; a run of {LONG:,} rows; one of {WIDE:,} rows of {METRICS:,} metrics.",
        (*rows, Row("memory of the server, GB", memory, MEMORY_GB)),
    )


def _fill(client: Client, slowest: dict[str, float]) -> None:
    values = {f"group{at % 10}/metric{at}": at / 7 for at in range(METRICS)}
    upserts, streams = [], []
    for at in range(RUNS):
        upserts.append(_timed(lambda: _begin(client, f"run{at}", at)))  # noqa: B023 - called at once
        summary = {**values, "loss": (at * 7919 % RUNS) / RUNS, "_step": 1}
        rows = [{"_step": step, **values, "loss": summary["loss"]} for step in range(2)]
        streams.append(_timed(lambda: client.stream(f"run{at}", 0, rows, summary)))  # noqa: B023
    _begin(client, "long", RUNS)
    for first in range(0, LONG, AT_ONCE):
        rows = [{"_step": at, "loss": 1 / (at + 1), "acc": at / LONG} for at in range(first, first + AT_ONCE)]
        streams.append(_timed(lambda: client.stream("long", first, rows)))  # noqa: B023
    _begin(client, "wide", RUNS)
    for first in range(0, WIDE, 50):
        rows = [{"_step": at, **values} for at in range(first, first + 50)]
        streams.append(_timed(lambda: client.stream("wide", first, rows, values)))  # noqa: B023
    slowest["upsertBucket"], slowest["file_stream"] = max(upserts), max(streams)


def _begin(client: Client, name: str, at: int) -> None:
    config = json.dumps({"lr": {"value": at / RUNS}, "layers": {"value": at % 5}})
    client.query(UPSERT, name=name, project="big", entity="lab", config=config, host="here")


def _requests(client: Client) -> dict[str, Callable[[], Any]]:
    low = json.dumps({"$and": [{"config.layers": 2}, {"summary_metrics.loss": {"$lt": 0.1}}, {"state": "running"}]})
    spec = json.dumps({"keys": ["_step", "loss"], "samples": 500})
    fields = "name config summaryMetrics historyKeys state"
    return {
        "runs, first page": lambda: client.query(RUNS_PAGE),
        "runs, last page": lambda: client.query(RUNS_PAGE, cursor=str(RUNS - 50)),
        "runs, a page with all that is in them": lambda: client.query(HEAVY_PAGE, cursor="1000"),
        "runs by a metric, best first": lambda: client.query(RUNS_PAGE, order="+summary_metrics.loss"),
        "runs by a filter": lambda: client.query(RUNS_PAGE, filters=low),
        "one run": lambda: client.query(RUN % fields, name="run77"),
        "1,000,000 rows: history()": lambda: client.query(RUN % "history(samples: 500)", name="long"),
        "1,000,000 rows: history(keys)": lambda: client.query(
            RUN % f"sampledHistory(specs: [{json.dumps(spec)}])", name="long"
        ),
        "1,000,000 rows: a page of scan_history()": lambda: client.query(
            RUN % "history(minStep: 500000, maxStep: 501000, samples: 1000)", name="long"
        ),
        "1,000 metrics: history()": lambda: client.query(RUN % "history(samples: 500)", name="wide"),
        "1,000 metrics: a page of scan_history()": lambda: client.query(
            RUN % "history(minStep: 0, maxStep: 1000, samples: 1000)", name="wide"
        ),
    }


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
