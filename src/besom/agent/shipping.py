"""Sending a run's rows, output and samples to the service, in order and exactly once, whatever the server does."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from besom.agent.output import Output
from besom.agent.samples import Samples
from besom.agent.spool import Batch, Spool
from besom.errors import LeaseLost, OutOfOrder, ServerError, ServerUnreachable, StoreError, UnknownName
from besom.service import Service
from besom.wire import Finish, Receipt, Report

AWAY = (ServerUnreachable, ServerError, StoreError)
"""Errors that pass: keep everything and try again."""
GONE = (LeaseLost, UnknownName)
"""Errors that mean that the run is no longer ours."""

_log = logging.getLogger("besom.agent")


class Shipper:
    """The way of one run to the service. What the server has not acknowledged stays in hand or in the files."""

    def __init__(
        self,
        service: Service,
        run_id: str,
        lease: int,
        spool: Spool,
        output: Output,
        samples: Samples | None = None,
    ) -> None:
        self._service = service
        self._run_id, self._lease = run_id, lease
        self._spool, self._output, self._samples = spool, output, samples or Samples()

    def ship(self, resources: Mapping[str, float], summary: Mapping[str, Any], *, is_final: bool = False) -> Receipt:
        """Send the next of rows, output and samples, and what the server says to it; without any of them a heartbeat.

        Raises:
            ServerUnreachable, ServerError, StoreError: Not delivered; the next call sends the same again.
            LeaseLost, UnknownName: The run is no longer this agent's.
        """
        samples = self._samples.next_batch(is_final=is_final)
        try:
            receipt = self._service.report(self._report(resources, summary, samples, is_final=is_final))
        except OutOfOrder as refusal:
            _log.warning("run %s: %s", self._run_id, refusal)
            return self.resume(is_final=is_final)
        self._spool.acknowledge(receipt.next_row)
        self._output.acknowledge(receipt.next_byte)
        self._samples.acknowledge(samples)
        return receipt

    def _report(
        self, resources: Mapping[str, float], summary: Mapping[str, Any], samples: Batch, *, is_final: bool
    ) -> Report:
        """What is in hand, or comes next."""
        batch = self._spool.next_batch(is_final=is_final)
        output_from, text = self._output.next_piece(is_final=is_final)
        return Report(
            run_id=self._run_id,
            lease=self._lease,
            first_row=batch.first_row,
            rows=batch.rows,
            output=text,
            output_from=output_from,
            resources=resources,
            summary=summary,
            first_sample=samples.first_row,
            samples=samples.rows,
        )

    def resume(self, *, is_final: bool = False) -> Receipt:
        """Ask how far the server is, and go on from there. `is_final`: the script has ended."""
        receipt = self._service.report(Report(self._run_id, self._lease))
        self._spool.seek(receipt.next_row, is_final=is_final)
        self._output.seek(receipt.next_byte)
        return receipt

    def has_rest(self) -> bool:
        """After the script's end: whether anything is left to send."""
        rows, samples = self._spool.next_batch(is_final=True).rows, self._samples.next_batch(is_final=True).rows
        return any((rows, samples, self._output.next_piece(is_final=True)[1]))  # all of them are in hand now

    def has_much(self) -> bool:
        """After the script's end: whether more is left to send than goes with its end."""
        parts = (self._spool, self._output, self._samples)
        return self.has_rest() and not all(part.is_in_hand() for part in parts)

    def has_rows(self) -> bool:
        """Whether rows wait to be sent."""
        return bool(self._spool.has_more() and self._spool.next_batch().rows)

    def has_output(self) -> bool:
        """Whether output waits to be sent."""
        return self._output.has_more()

    def finish(self, finish: Finish) -> None:
        """Say that the run is over, and with it what it logged last. Raises as `ship`."""
        if not self.has_rest():
            self._service.finish(finish)
            return
        samples = self._samples.next_batch(is_final=True)
        last = self._report(finish.resources, finish.summary, samples, is_final=True)
        try:
            self._service.finish(replace(finish, report=last))
        except OutOfOrder as refusal:
            _log.warning("run %s: %s", self._run_id, refusal)
            self.resume(is_final=True)
            while self.has_rest():
                self.ship(finish.resources, finish.summary, is_final=True)
            self._service.finish(finish)
