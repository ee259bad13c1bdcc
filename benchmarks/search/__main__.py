"""`python -m benchmarks.search [run|status|tables|plots|duplicates|latency|list]`: the search against its peers.

    python -m benchmarks.search run --protocol A B --peers besom optuna-tpe --tasks held-out --seeds 10 --jobs 2
    python -m benchmarks.search run --peers besom "besom@search.bayes._INITIAL_TRIALS=8" --tasks choosing
    python -m benchmarks.search run tables --protocol A --peers ablations --tasks choosing --seeds 5
    python -m benchmarks.search tables --protocol A --markdown

Without a word it runs what is missing and prints the tables. Results stay in `benchmarks/search/results/`.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from itertools import chain

from benchmarks.search import results
from benchmarks.search.protocols import PROTOCOLS, fits
from benchmarks.search.roster import ABLATIONS, LINE_UPS, entry, roster
from benchmarks.search.runner import Wanted, progress, run
from benchmarks.search.tasks.catalogue import named, task_of, tasks

_ABLATED = frozenset(chain(*ABLATIONS.values())) - frozenset(chain(*LINE_UPS.values()))
ACTIONS = ("run", "status", "tables", "plots", "duplicates", "latency", "list")


def main(arguments: list[str]) -> int:
    """0; 2 where a name means nothing."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.action) - set(ACTIONS):
        parser.error(f"unknown {', '.join(sorted(unknown))}; actions are {', '.join(ACTIONS)}")
    try:
        plans = [_wanted(protocol, options) for protocol in _protocols(options.protocol)]
    except LookupError as error:
        print(f"benchmarks.search: {error.args[0]}", file=sys.stderr)
        return 2
    actions = options.action or ["run", "tables"]
    if "list" in actions:
        print("peers:", *sorted(roster()), "", "tasks:", *sorted(tasks()), sep="\n  ")
    if "run" in actions:
        for plan in plans:
            _forget(plan, options.again, is_failed=options.failed)
            run(plan)
    if "status" in actions:
        print("\n".join(progress(plan) for plan in plans))
    if "tables" in actions:
        tables = import_module("benchmarks.search.tables")
        for plan in plans:
            if plan.protocol == "P1" and len(plans) > 1:
                continue  # it is told of beside P4
            print(tables.report(plan.protocol, plan.peers, plan.tasks, options.ours, is_markdown=options.markdown))
    if "plots" in actions:
        plots = import_module("benchmarks.search.plots")
        for plan in plans:
            if plan.protocol in ("A", "B"):
                plots.make(plan.protocol, plan.peers, plan.tasks, options.ours)
    for action in ("duplicates", "latency"):
        if action in actions:
            sheet = import_module(f"benchmarks.search.{action}").measure()
            print(sheet.markdown() if options.markdown else sheet.text())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.search", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", nargs="*", metavar="ACTION", help=f"any of {', '.join(ACTIONS)}")
    parser.add_argument("--protocol", nargs="+", choices=[*PROTOCOLS, "P"], default=["A", "B"], help="P is P1 and P4")
    parser.add_argument(
        "--peers", nargs="+", help="who plays, or `ablations`; tables otherwise show all that have results"
    )
    parser.add_argument("--tasks", nargs="+", default=["held-out"], help="sets, families, tasks")
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds of each task, from 0")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at once, one thread each")
    parser.add_argument(
        "--again", nargs="+", default=[], metavar="PEER", help="drop what is there of these peers first"
    )
    parser.add_argument("--failed", action="store_true", help="play again what failed")
    parser.add_argument("--limit", type=float, default=3600, help="seconds that one run may take")
    parser.add_argument("--ours", default="besom", metavar="PEER", help="whose speed-ups the tables tell")
    parser.add_argument("--markdown", action="store_true", help="tables as Markdown")
    return parser


def _protocols(given: list[str]) -> list[str]:
    return [name for word in given for name in (("P1", "P4") if word == "P" else (word,))]


def _wanted(protocol: str, options: argparse.Namespace) -> Wanted:
    """What the command line means for one protocol.

    Raises:
        LookupError: A peer or task that there is not.
    """
    if options.peers == ["ablations"]:
        peers = list(ABLATIONS[protocol])
    elif options.peers or options.again:
        peers = [entry(peer).name for peer in options.peers or options.again]
    elif options.action and "run" not in options.action:
        peers = [name for name in results.measured_peers(protocol) if name not in _ABLATED]
    else:
        peers = [name for name in LINE_UPS[protocol] if name in roster()]
    chosen = [name for name in named(options.tasks) if fits(protocol, task_of(name))]
    return Wanted(protocol, peers, chosen, options.seeds, options.jobs, options.limit)


def _forget(plan: Wanted, peers: list[str], *, is_failed: bool) -> None:
    """Drop the wanted tasks' runs of `peers`, and with `is_failed` those of anyone that broke."""
    for peer in plan.peers:
        there = results.read(plan.protocol, peer)
        dropped = [
            run.key for run in there.values() if run.task in plan.tasks and (peer in peers or (is_failed and run.error))
        ]
        if dropped:
            results.drop(plan.protocol, peer, dropped)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
