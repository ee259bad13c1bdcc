"""A sweep driven by hand: messages in, a clock that moves only when told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from besom.engine import Instructions, State, Tick, create, handle
from besom.records import Failure, Trial
from besom.wire import Answer, Ask, Assignment, Command, Finish, Receipt, Report


class Driven:
    """An engine with a clock; keeps every instruction it was given."""

    def __init__(self, file: dict[str, Any]) -> None:
        self.now = 1000.0
        self.state, first = create("sweep1", file, 7, "", self.now)
        self.instructions: list[Instructions] = [first]
        self._asked = 0

    def play(self, strategy: Any) -> Driven:
        """Let `strategy` decide instead of the file's method."""
        self.state = played(self.state, strategy)
        return self

    def handle(self, message: Any) -> Any:
        self.state, instructions = handle(self.state, message, self.now)
        self.instructions.append(instructions)
        return instructions.reply

    def ask(self, agent: str = "a", request: str | None = None, host: str = "") -> Answer:
        self._asked += 1
        return self.handle(Ask(agent, request or f"r{self._asked}", host))

    def assigned(self, agent: str = "a", host: str = "") -> Assignment:
        answer = self.ask(agent, host=host)
        assert isinstance(answer, Assignment), answer
        return answer

    def report(self, run: Assignment, *rows: dict[str, Any], first: int | None = None) -> Receipt:
        start = self.state.runs[run.run_id].rows if first is None else first
        receipt: Receipt = self.handle(Report(run.run_id, run.lease, start, rows))
        return receipt

    def finish(self, run: Assignment, ended: Any = "finished", failure: Failure | None = None) -> Trial:
        self.handle(Finish(run.run_id, run.lease, ended, failure))
        return self.state.trials[run.trial]

    def command(self, verb: Any, **fields: Any) -> None:
        self.handle(Command(verb, **fields))

    def tick(self, seconds: float = 0.0, up_since: float = 0.0) -> None:
        self.now += seconds
        self.handle(Tick(up_since))

    def measure(self, *values: float) -> Trial:
        """One whole trial that logs these values of the objective."""
        run = self.assigned()
        for value in values:
            self.report(run, {"loss": value})
        return self.finish(run)


def played(state: State, strategy: Any) -> State:
    """The state with `strategy` in place of the file's method."""
    return replace(state, plan=replace(state.plan, strategy=strategy))


def sweep_file(**changes: Any) -> dict[str, Any]:
    """A small random sweep; `besom` keys may be given as `besom={…}`."""
    file: dict[str, Any] = {
        "program": "train.py",
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}, "layers": {"values": [1, 2, 3]}},
    }
    return {**file, **changes}
