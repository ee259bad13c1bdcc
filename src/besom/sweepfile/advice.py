"""What is allowed in a sweep file, and unwise."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import PurePath

from besom.errors import SweepFileError, nearest
from besom.space import Parameter, Problem, Space
from besom.space.identity import identity
from besom.sweepfile.checks import MACROS
from besom.sweepfile.model import AshaOptions, CurveOptions, HyperbandOptions, MedianOptions, NoStopping, SweepFile

GRID_MANY = 10_000
DECADES_MANY = 3
_EPOCH_NAMES = ("epochs", "epoch", "n_epochs", "num_epochs", "max_epochs", "num_train_epochs")
_MORE_IS_BETTER = {
    *("acc", "accuracy", "f1", "auc", "auroc", "r2", "precision", "recall", "score", "reward", "return"),
    *("bleu", "rouge", "map", "iou", "miou", "dice"),
}
_LESS_IS_BETTER = {"loss", "error", "err", "mse", "rmse", "mae", "brier", "regret", "cost"}
"""Words in the names of metrics."""
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
_NOT_OURS = {
    "controller": "besom's own server decides",
    "scheduler": "agents run on your own machines",
    "job": "agents run `program`",
    "image_uri": "agents run `program` as it is",
    "settings": "only W&B's own server asks for them",
    "metrics": "one objective is optimised, `metric`",
}


def warnings_about(file: SweepFile, space: Space, logged_metrics: Collection[str] | None) -> Iterator[Problem]:
    """What is unwise, each with the next move.

    Args:
        file: A valid sweep file.
        space: Its search space.
        logged_metrics: Every metric that the program ever logged; None where nothing is known of it.
    """
    for key, why in _NOT_OURS.items():
        if getattr(file, key) is not None:
            yield Problem((key,), f"is W&B's and ignored here: {why}; remove it.")
    yield from _metric(file, logged_metrics)
    yield from _command(file.command or [])
    # A grid draws nothing, and takes no other distribution.
    about = (_rounding, _duplicates) if file.method == "grid" else _ABOUT_PARAMETERS
    for parameter in space.parameters:
        for advise in about:
            yield from advise(parameter)
    if file.method == "grid":
        yield from _grid(space)
    elif not _ends(file):
        text = f"{file.method} goes on until it is stopped, got no limit; add `run_cap: 50`, or besom.budget."
        yield Problem(("method",), text)
    yield from _early_terminate(file, space)
    yield from _strategy_only(file)
    for index, config in enumerate(file.besom.baseline):
        for line in space.outside(space.flatten(config)):
            yield Problem(
                ("besom", "baseline", index), f"{line}; widen the range, or the search will not come near it."
            )


def _ends(file: SweepFile) -> bool:
    """Whether something ends the sweep: a budget, a target, or the search itself."""
    has_limit = file.max_trials is not None or bool(file.besom.budget.model_fields_set)
    has_target = file.metric is not None and file.metric.target is not None
    ends_itself = file.method == "bayes" and (file.besom.stop_when is None or file.besom.stop_when.gain != "never")
    return has_limit or has_target or ends_itself


def _strategy_only(file: SweepFile) -> Iterator[Problem]:
    """Keys that do nothing without what they are about."""
    if file.besom.stop_when is not None and file.method != "bayes":
        text = f"only bayes knows what gain to expect, got method {file.method}; remove stop_when."
        yield Problem(("besom", "stop_when"), text)
    rule = file.early_terminate
    stops = not isinstance(rule, NoStopping) and (
        rule is not None or (file.method == "bayes" and file.besom.fidelity is not None)
    )
    if file.besom.audit > 0 and not stops:
        move = "add early_terminate, or besom.fidelity with method: bayes"
        yield Problem(("besom", "audit"), f"lets trials finish that would be stopped, got nothing that stops; {move}.")


def _metric(file: SweepFile, logged_metrics: Collection[str] | None) -> Iterator[Problem]:
    if file.metric is None:
        yield Problem(
            (), "a metric tells which trial is best, got none; add `metric: {name: val_loss, goal: minimize}`."
        )
    elif logged_metrics and file.metric.name not in logged_metrics:
        text = (
            f"the program never logged {file.metric.name} in past sweeps; {nearest(file.metric.name, logged_metrics)}."
        )
        yield Problem(("metric", "name"), text)
    if file.metric is not None and "goal" not in file.metric.model_fields_set:
        yield from _goal(file.metric.name)


def _goal(metric: str) -> Iterator[Problem]:
    """A metric by whose name more is better: without a goal it is minimised."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", metric)  # valAcc
    words = set(re.split(r"[^a-z0-9]+", f"{metric} {apart}".lower()))
    if words & _MORE_IS_BETTER and not words & _LESS_IS_BETTER:
        move = "add `goal: maximize`, or `goal: minimize` if so meant"
        yield Problem(("metric",), f"is minimised where no goal is given, got {metric}; {move}.")


def _command(words: Sequence[str]) -> Iterator[Problem]:
    """Macros inside of longer words: as with W&B, nothing is put in their place there."""
    for index, word in enumerate(words):
        macros = [f"${{{name}}}" for name in dict.fromkeys(re.findall(r"\$\{(\w+)\}", word)) if name in MACROS]
        if not macros or word in macros:
            continue
        text = f"a macro is replaced where it is a word of its own, got {', '.join(macros)} inside {word!r}"
        yield Problem(("command", index), f"{text}, which stays as it is; {_instead(words[:index], word, macros)}.")


def _instead(before: Sequence[str], word: str, macros: Sequence[str]) -> str:
    """What to write instead of a word with macros in it."""
    is_script = re.fullmatch(r"-\w*c", before[-1] if before else "") is not None
    if is_script and any(PurePath(each).name in _SHELLS for each in before):
        return f'write "$@" there in place of {", ".join(macros)}, and behind it the words {", ".join(["sh", *macros])}'
    option, _, value = word.partition("=")
    if value in macros:
        return f"make two words of it, {option} and {value}"
    return f"make {', '.join(macros)} a word of {'its' if len(macros) == 1 else 'their'} own"


def _exponents(parameter: Parameter) -> Iterator[Problem]:
    if parameter.distribution not in ("log_uniform", "q_log_uniform", "inv_log_uniform"):
        return
    low, high = parameter.settings["min"], parameter.settings["max"]
    if low > 0 and (high <= 1 or high > 20):
        sign = -1 if parameter.distribution == "inv_log_uniform" else 1
        first, last = sorted((math.exp(sign * low), math.exp(sign * high)))
        yield Problem(
            parameter.place,
            f"{parameter.distribution} takes exponents of e, got {low:g} and {high:g}, that is {first:g} to {last:g}; "
            f"use {parameter.distribution}_values if they are the values.",
        )


def _decades(parameter: Parameter) -> Iterator[Problem]:
    if parameter.distribution not in ("uniform", "q_uniform", "int_uniform"):
        return
    low, high = parameter.settings["min"], parameter.settings["max"]
    if low > 0 and high / low >= 10**DECADES_MANY:
        yield Problem(
            parameter.place,
            f"{parameter.distribution} draws nine in ten values from the last decade, got {low:g} to {high:g}; "
            f"use distribution: {'' if parameter.distribution == 'uniform' else 'q_'}log_uniform_values.",
        )


def _rounding(parameter: Parameter) -> Iterator[Problem]:
    if "q" in parameter.settings and parameter.count == 1:
        only, q = parameter.from_unit(0.5), parameter.settings["q"]
        text = f"{parameter.distribution} rounds to multiples of q={q:g}, got only {only!r}; give a smaller q."
        yield Problem(parameter.place, text)


def _duplicates(parameter: Parameter) -> Iterator[Problem]:
    values = parameter.settings.get("values", ())
    counts = Counter(map(identity, values))
    twice = {identity(value): value for value in values if counts[identity(value)] > 1}
    if twice:
        got = ", ".join(repr(value) for value in twice.values())
        move = "remove the others, or weigh values by `probabilities`"
        yield Problem(parameter.place, f"values need to be there once each, got {got} more than once; {move}.")


_ABOUT_PARAMETERS: tuple[Callable[[Parameter], Iterator[Problem]], ...] = (_exponents, _decades, _rounding, _duplicates)


def _grid(space: Space) -> Iterator[Problem]:
    try:
        cells = space.cells
    except SweepFileError as error:
        yield Problem((), str(error))
        return
    if cells >= GRID_MANY:
        yield Problem(("method",), f"grid runs every combination, got {cells:,} of them; use method: random or bayes.")


def _early_terminate(file: SweepFile, space: Space) -> Iterator[Problem]:
    rule = file.early_terminate
    if rule is None or isinstance(rule, NoStopping):
        return
    first = _first_compared(rule)
    last, whence = _last_epoch(file, space)
    if last is not None and first > last:
        text = f"{rule.type} compares from {first:g} on, got trials that end at {last:g} ({whence}); lower min_iter."
        yield Problem(("early_terminate",), text)
    trials = file.max_trials
    if isinstance(rule, MedianOptions) and trials is not None and trials <= rule.min_trials:
        text = f"median waits for {rule.min_trials} other trials, got {trials} in all; lower min_trials."
        yield Problem(("early_terminate",), text)


def _first_compared(rule: HyperbandOptions | AshaOptions | MedianOptions | CurveOptions) -> float:
    """The progress from which on the rule may stop a trial."""
    if isinstance(rule, HyperbandOptions) and rule.max_iter is not None and rule.s is not None:
        return max(1.0, rule.max_iter / rule.eta ** int(rule.s))
    return rule.min_iter or 1


def _last_epoch(file: SweepFile, space: Space) -> tuple[float | None, str]:
    """How far a trial can get, and how that is known."""
    if file.besom.fidelity is not None:
        return file.besom.fidelity.max, "besom.fidelity.max"
    for parameter in space.parameters:
        if parameter.path[-1].rsplit(".", 1)[-1] in _EPOCH_NAMES:
            last = parameter.bounds[1] if parameter.bounds else parameter.from_unit(1.0)
            if isinstance(last, int | float) and math.isfinite(last):
                return last, f"parameters.{parameter.name}"
    return None, ""
