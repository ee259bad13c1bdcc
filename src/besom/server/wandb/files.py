"""Files of runs: where clients may put them, what there is, and deleting."""

from __future__ import annotations

import logging
import mimetypes
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from besom.errors import MessageError, UnknownName
from besom.server.wandb.caller import Caller, instant
from besom.server.wandb.ids import names_of, node_id
from besom.server.wandb.pages import page
from besom.server.wandb.storage import LINKS, Storage, Verb, place, quoted

log = logging.getLogger("besom.server")


class RunFiles:
    """The files of one run.

    Args:
        storage: Where they lie.
        entity: Whose project it is.
        project: The run's project.
        run: Its name.
    """

    def __init__(self, storage: Storage, entity: str, project: str, run: str) -> None:
        self._storage = storage
        self._run = (run, project, entity)
        self._place = f"{place(entity, project)}/runs/{quoted(run)}/files"

    def place(self, name: str) -> str:
        """Where a file lies.

        Raises:
            MessageError: The name leads out of the run's folder, or is too long.
        """
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts):
            law = f"file {name!r}: must be a path below the run's folder, without empty parts, `.` and `..`"
            raise MessageError(f"{law}; give it another name.")
        where = f"{self._place}/{'/'.join(map(quoted, parts))}"
        self._storage.path(where)  # raises where it is too long
        return where

    def link(self, caller: Caller, verb: Verb, name: str) -> str:
        """Where the client may read or write the file. A name that cannot be has a link that is refused for good."""
        try:
            return self._storage.link(caller.base_url, verb, self.place(name))
        except MessageError as error:
            log.warning("W&B's client: run %s: %s", self._run[0], error)
            return f"{caller.base_url}{LINKS}/refused/{verb}/-"

    def states(self) -> dict[str, os.stat_result]:
        """What there is, by name."""
        return dict(sorted(self._storage.walk(self._place)))

    def delete(self, name: str) -> bool:
        """Whether the file was there; it no longer is."""
        return self._storage.delete(self.place(name))

    def clear(self) -> None:
        """Delete all files of the run."""
        shutil.rmtree(self._storage.path(self._place).parent, ignore_errors=True)

    def fields(self, caller: Caller, *, has_all_named: bool = False) -> dict[str, Any]:
        """`fileCount` and `files` of a run's node. What is asked for by its name and is not there has the MD5 "0".

        Args:
            caller: Who asks: links lead to the address that it knows.
            has_all_named: Clients of 0.13 ask so for links to write to, and get some for names that cannot be, too.
        """

        def node(item: tuple[str, os.stat_result | None]) -> dict[str, Any]:
            return self._node(caller, *item)

        def files(arguments: Mapping[str, Any]) -> dict[str, Any]:
            states = self.states()
            names = arguments.get("names") or []
            pattern = arguments.get("pattern")
            found: list[tuple[str, os.stat_result | None]]
            if names:
                found = [(name, states.get(name)) for name in sorted(set(map(str, names)))]
            else:
                is_wanted = _like(str(pattern)).fullmatch if pattern else bool
                found = [(name, state) for name, state in states.items() if is_wanted(name)]
            # One page has all that was named: the old client does not turn pages when it uploads.
            given = {**arguments, "first": len(found)} if has_all_named else arguments
            return {"uploadHeaders": [], **page(found, given, lambda item: item[0], node)}

        return {"fileCount": lambda _: len(self.states()), "files": files}

    def _node(self, caller: Caller, name: str, state: os.stat_result | None) -> dict[str, Any]:
        def url(arguments: Mapping[str, Any]) -> str:
            return self.link(caller, "PUT" if arguments.get("upload") else "GET", name)

        return {
            "__typename": "File",
            "id": node_id("File", name, *self._run),
            "name": name,
            "displayName": name,
            "url": url,
            "directUrl": lambda _: self.link(caller, "GET", name),
            "uploadUrl": lambda _: self.link(caller, "PUT", name),
            "uploadHeaders": [],
            "sizeBytes": state.st_size if state else 0,
            "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "updatedAt": instant(state.st_mtime) if state else None,
            "md5": lambda _: self._md5(name) if state else "0",
        }

    def _md5(self, name: str) -> str:
        try:
            return self._storage.md5(Path(self._storage.path(self.place(name))))
        except OSError:  # deleted meanwhile
            return "0"


def file_mutations(storage: Storage) -> dict[str, Any]:
    """`createRunFiles`, `markRunFilesUploaded` and `deleteFiles`, for the root of mutations."""

    def create(arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = arguments["input"]
        entity, project, run = (str(given.get(name) or "") for name in ("entityName", "projectName", "runName"))
        files = RunFiles(storage, entity, project, run)
        caller = arguments["request"]
        return {
            "runID": node_id("Run", run, project, entity),
            "uploadHeaders": [],
            "files": [
                {"name": name, "uploadUrl": files.link(caller, "PUT", name)} for name in map(str, given["files"] or [])
            ],
        }

    def delete(arguments: Mapping[str, Any]) -> dict[str, Any]:
        for each in arguments["input"].get("files") or []:
            names = names_of("File", each)
            if len(names) != 4:
                raise UnknownName(f"id {each!r}: must be that of a run's file; ask for it by its name first.")
            name, run, project, entity = names
            RunFiles(storage, entity, project, run).delete(name)
        return {"success": True}

    return {
        "createRunFiles": create,
        "markRunFilesUploaded": lambda _: {"success": True},
        "deleteFiles": delete,
    }


def _like(pattern: str) -> re.Pattern[str]:
    """A pattern of SQL's LIKE: `%` is any text, `_` one character, a backslash takes the next as it is."""
    parts = re.findall(r"\\.|.", pattern, flags=re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(each) or re.escape(each[-1]) for each in parts), re.DOTALL | re.IGNORECASE)
