"""Files and artifacts by W&B's own client: one line for each check, and exit code 1 if one fails.

Run it by a Python that has `wandb`, with WANDB_BASE_URL and WANDB_API_KEY set, in an empty folder. The first argument
is the size, in MB, of the large file (20 unless told).
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import inspect
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
import warnings
from pathlib import Path

os.environ.setdefault("WANDB_SILENT", "true")
warnings.simplefilter("ignore")
CACHE = tempfile.mkdtemp(prefix="cache-", dir=".")
for each in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR"):
    os.environ[each] = str(Path(CACHE).resolve())

import numpy as np  # noqa: E402
import wandb  # noqa: E402

try:
    import PIL  # noqa: F401

    HAS_IMAGES = True
except ImportError:
    HAS_IMAGES = False

PROJECT = f"my prøject {wandb.__version__} {os.getpid()}"
LARGE_MB = int(sys.argv[1]) if len(sys.argv) > 1 else 20
ODD = ["plain.txt", "with space.txt", "ünïcödé 日本.txt", "sub/dir/deep.txt", "per%cent+plus&and#hash?.txt", ".hidden"]
failed = []


def check(name, is_right, got=""):
    if is_right:
        print(f"ok   {name}", flush=True)
    else:
        fail(name, repr(got))


def fail(name, why):
    failed.append(name)
    print(f"FAIL {name}: {why}", flush=True)


def attempt(name):
    """Runs a part whose failure is one failed check, and lets the others go on."""

    def decorated(part):
        try:
            part()
        except BaseException as error:  # noqa: BLE001
            fail(name, f"{type(error).__name__}: {error}")
            traceback.print_exc()
        return part

    return decorated


def write(path, text):
    path = Path("data") / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def fresh(name):
    """A folder that nothing was downloaded to; the client's cache goes too, so that bytes come from the server."""
    for path in (Path(CACHE) / "artifacts").rglob("*"):
        if path.is_file():
            path.unlink()
    root = Path("down") / name
    shutil.rmtree(root, ignore_errors=True)
    return str(root)


def contents(root):
    return {str(path.relative_to(root)): path.read_text() for path in sorted(Path(root).rglob("*")) if path.is_file()}


def dataset(text, name="ds", **options):
    artifact = wandb.Artifact(name, type="dataset", **options)
    for odd in ODD:
        artifact.add_file(str(write(odd, text + odd)), name=odd)
    return artifact


def logged(artifact, aliases=None):
    found = run.log_artifact(artifact, aliases=aliases)
    found.wait()
    return found


run = wandb.init(project=PROJECT, entity="me", dir=".", settings=wandb.Settings(silent=True))
PATH = f"{run.entity}/{run.project}"


@attempt("log, wait, download")
def _():
    first = logged(dataset("one ", description="words", metadata={"rows": 3, "nested": {"a": [1, 2]}}), ["best"])
    check("first version is v0", first.version == "v0", first.version)
    check("aliases latest and best", set(first.aliases) == {"latest", "best"}, first.aliases)
    check("file count", first.file_count == len(ODD), first.file_count)
    check("size", first.size == sum(len(("one " + odd).encode()) for odd in ODD), first.size)
    used = run.use_artifact("ds:latest")
    check("use finds it", used.id == first.id and used.state == "COMMITTED", used.state)
    check("metadata, description", (used.metadata.get("rows"), used.description) == (3, "words"), used.metadata)
    got = contents(used.download(root=fresh("all")))
    check("all files come back", got == {odd: "one " + odd for odd in ODD}, got)
    used.verify(root="down/all")
    fresh("one")
    one = Path(used.get_path("ünïcödé 日本.txt").download(root="down/one"))
    check("one file alone", one.read_text() == "one ünïcödé 日本.txt", one)


@attempt("versions and aliases")
def _():
    same = logged(dataset("one "), ["again"])
    check("equal contents are no new version", same.version == "v0", same.version)
    second = logged(dataset("two "))
    check("others are v1", second.version == "v1", second.version)
    api = wandb.Api()
    check("latest moved", api.artifact(f"{PATH}/ds:latest").version == "v1")
    check("best stayed", api.artifact(f"{PATH}/ds:best").version == "v0")
    check("again was added", api.artifact(f"{PATH}/ds:again").version == "v0")
    artifact = api.artifact(f"{PATH}/ds:v1")
    artifact.aliases.append("best")
    artifact.description = "new words"
    artifact.metadata["more"] = 1
    artifact.save()
    api = wandb.Api()
    check("best moved by hand", api.artifact(f"{PATH}/ds:best").version == "v1")
    artifact = api.artifact(f"{PATH}/ds:best")
    check("description, metadata saved", (artifact.description, artifact.metadata) == ("new words", {"more": 1}))
    artifact.aliases.remove("best")
    artifact.save()
    try:
        wandb.Api().artifact(f"{PATH}/ds:best")
        fail("alias taken away", "it is still there")
    except Exception as error:  # noqa: BLE001
        check("alias taken away", "ds:best" in str(error), error)
    draft = api.artifact(f"{PATH}/ds:v1").new_draft()
    draft.add_file(str(write("added.txt", "added")), name="added.txt")
    draft.remove("plain.txt")
    third = logged(draft)
    check("draft is v2", third.version == "v2", third.version)
    got = contents(wandb.Api().artifact(f"{PATH}/ds:v2").download(root=fresh("draft")))
    check("draft has old and new files", set(got) == {*ODD, "added.txt"} - {"plain.txt"}, sorted(got))


@attempt("reading by the API")
def _():
    api = wandb.Api()
    versions = [each.version for each in api.artifacts("dataset", f"{PATH}/ds", per_page=2)]
    check("versions, newest first, in pages", versions == ["v2", "v1", "v0"], versions)
    check("types", "dataset" in [each.name for each in api.artifact_types(PATH)])
    collections = [each.name for each in api.artifact_type("dataset", PATH).collections()]
    check("collections of a type", collections == ["ds"], collections)
    collection = api.artifact_collection("dataset", f"{PATH}/ds")
    check("collection's aliases", {"latest", "again"} <= set(collection.aliases), collection.aliases)
    check("collection's versions", len(list(collection.artifacts())) == 3)
    artifact = api.artifact(f"{PATH}/ds:v0")
    files = {each.name: each.size for each in artifact.files(per_page=2)}
    check("files of an artifact", set(files) == set(ODD), files)
    check("logged_by", artifact.logged_by().id == run.id)
    check("used_by", [each.id for each in artifact.used_by()] == [run.id], artifact.used_by())
    check("its type is known", api.artifact_exists(f"{PATH}/ds:v0") if hasattr(api, "artifact_exists") else True)
    check("what is not is not", not api.artifact_exists(f"{PATH}/ds:v9") if hasattr(api, "artifact_exists") else True)


@attempt("references")
def _():
    folder = Path("served").resolve()
    folder.mkdir(exist_ok=True)
    (folder / "remote file.txt").write_text("remote")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *a: None
    http.server.SimpleHTTPRequestHandler.log_message = lambda *a: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    artifact = wandb.Artifact("refs", type="dataset")
    artifact.add_reference(f"file://{write('local.txt', 'local').resolve()}", name="local.txt")
    artifact.add_reference(f"http://127.0.0.1:{server.server_port}/remote%20file.txt", name="remote.txt")
    artifact.add_reference("https://example.invalid/file.bin", name="nowhere.bin", checksum=False)
    other = wandb.Api().artifact(f"{PATH}/ds:v0")
    artifact.add_reference(other.get_path("plain.txt").ref_url(), name="of-another.txt")
    logged(artifact)
    found = wandb.Api().artifact(f"{PATH}/refs:latest")
    for name, text in (("local.txt", "local"), ("remote.txt", "remote"), ("of-another.txt", "one plain.txt")):
        fresh("ref")
        got = Path(found.get_path(name).download(root="down/ref")).read_text()
        check(f"reference {name}", got == text, got)
    check(
        "reference without checksum", found.get_path("nowhere.bin").ref_target() == "https://example.invalid/file.bin"
    )
    server.shutdown()


@attempt("media")
def _():
    table = wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])
    run.log({"table": table, "html": wandb.Html("<b>x</b>"), "histogram": wandb.Histogram([1, 2, 3, 3])})
    run.log({"line": wandb.plot.line(table, "a", "a", title="t")})
    holder = wandb.Artifact("tables", type="dataset")
    holder.add(wandb.Table(columns=["n"], data=[[1], [2]]), "numbers")
    if HAS_IMAGES:
        picture = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        run.log({"image": wandb.Image(picture, caption="c")})
        holder.add(wandb.Table(columns=["image"], data=[[wandb.Image(picture)]]), "pictures")
    else:
        print("skip images: this Python has no Pillow", flush=True)
    logged(holder)
    for name in ("numbers", "pictures") if HAS_IMAGES else ("numbers",):
        fresh("tables")
        got = wandb.Api().artifact(f"{PATH}/tables:latest").get(name)
        check(f"table of {name} comes back", got is not None and len(got.data) == (2 if name == "numbers" else 1), got)


@attempt("models and code")
def _():
    path = write("model.bin", "weights")
    run.log_model(str(path), name="net")
    time.sleep(0.5)
    for each in run.logged_artifacts() if hasattr(run, "logged_artifacts") else []:
        each.wait()
    for _ in range(100):
        try:
            wandb.Api().artifact(f"{PATH}/net:latest")
            break
        except Exception:  # noqa: BLE001
            time.sleep(0.2)
    fresh("model")
    check("model comes back", Path(run.use_model("net:latest")).read_text() == "weights")
    run.link_model(str(path), registered_model_name="Registered", name="net")
    for _ in range(100):
        try:
            linked = wandb.Api().artifact("me/model-registry/Registered:latest")
            break
        except Exception as error:  # noqa: BLE001
            linked = error
            time.sleep(0.2)
    check("linked model", getattr(linked, "type", None) == "model", linked)
    check("link's source", linked.source_name == "net:v0", linked.source_name)
    write("code/train.py", "print(1)\n")
    code = run.log_code("data/code")
    code.wait()
    check("code", list(code.manifest.entries) == ["train.py"], list(code.manifest.entries))


@attempt("together")
def _():
    parts = []
    for part in range(2):
        artifact = wandb.Artifact("shared", type="dataset")
        artifact.add_file(str(write(f"part{part}.txt", f"part {part}")), name=f"part{part}.txt")
        parts.append(artifact)
    for artifact in parts:
        run.upsert_artifact(artifact, distributed_id="group")
    time.sleep(2)
    last = wandb.Artifact("shared", type="dataset")
    last.add_file(str(write("part9.txt", "part 9")), name="part9.txt")
    run.finish_artifact(last, distributed_id="group")
    for _ in range(100):
        try:
            found = wandb.Api().artifact(f"{PATH}/shared:latest")
            break
        except Exception:  # noqa: BLE001
            time.sleep(0.2)
    got = contents(found.download(root=fresh("shared")))
    check("artifact of several parts", set(got) == {"part0.txt", "part1.txt", "part9.txt"}, sorted(got))


@attempt("large")
def _():
    path = Path("data/large.bin")
    block = np.random.default_rng(1).bytes(1 << 20)
    with path.open("wb") as file:
        for _ in range(LARGE_MB):
            file.write(block)
    artifact = wandb.Artifact("large", type="dataset")
    artifact.add_file(str(path), name="large.bin")
    logged(artifact)
    root = fresh("large")
    got = Path(wandb.Api().artifact(f"{PATH}/large:latest").download(root=root)) / "large.bin"
    digests = [hashlib.md5(each.read_bytes(), usedforsecurity=False).hexdigest() for each in (path, got)]
    check(f"{LARGE_MB} MB come back", digests[0] == digests[1], digests)
    if "multipart" in inspect.signature(artifact.download).parameters:
        root = fresh("large-parts")
        got = Path(wandb.Api().artifact(f"{PATH}/large:latest").download(root=root, multipart=True)) / "large.bin"
        check("the same in parts", hashlib.md5(got.read_bytes(), usedforsecurity=False).hexdigest() == digests[0])


@attempt("files of the run")
def _():
    write("saved/notes ü.txt", "notes")
    run.save("data/saved/*", base_path="data")
    write("saved/later.txt", "later")


run.finish()


@attempt("files of the run, afterwards")
def _():
    api = wandb.Api()
    found = api.run(f"{PATH}/{run.id}")
    names = [each.name for each in found.files(per_page=3)]
    check("saved file is there", "saved/notes ü.txt" in names, names)
    wanted = ["media/table/", "media/html/", *(["media/images/"] if HAS_IMAGES else [])]
    check("media are there", all(any(name.startswith(each) for name in names) for each in wanted), names)
    check("no name twice, count right", len(names) == len(set(names)) == len(found.files()), names)
    root = fresh("files")
    Path(root).mkdir(parents=True)
    with found.file("saved/notes ü.txt").download(root=root, replace=True) as file:
        check("a file comes back", file.read() == "notes")
    file = found.file("saved/notes ü.txt")
    check(
        "size, md5", (file.size, file.md5) == (5, "QViPUUbAZFCiKszDPOTrrQ==") or file.size == 5, (file.size, file.md5)
    )
    with wandb.restore("saved/notes ü.txt", run_path=f"{PATH}/{run.id}", root=root, replace=True) as file:
        check("restore", file.read() == "notes")
    try:
        wandb.restore("nothing.txt", run_path=f"{PATH}/{run.id}", root=root)
        fail("restoring nothing fails", "it did not")
    except Exception as error:  # noqa: BLE001
        check("restoring nothing fails", "not found" in str(error), error)
    Path("up").mkdir(exist_ok=True)
    Path("up/by api.txt").write_text("by api")
    found.upload_file("up/by api.txt", root="up")
    check("uploaded by the API", wandb.Api().run(f"{PATH}/{run.id}").file("by api.txt").size == 6)
    found.file("by api.txt").delete()
    left = [each.name for each in wandb.Api().run(f"{PATH}/{run.id}").files()]
    check("deleted", "by api.txt" not in left, left)
    if "pattern" in inspect.signature(type(found).files).parameters:
        jsons = {each.name for each in found.files(pattern="%.json")}
        check("by pattern", jsons and all(each.endswith(".json") for each in jsons), jsons)
    outputs = {each.name for each in found.logged_artifacts()}
    check("logged artifacts", {"ds:v0", "ds:v1", "ds:v2", "refs:v0", "net:v0"} <= outputs, outputs)
    inputs = {each.name for each in found.used_artifacts()}
    check("used artifacts", {"ds:v0", "net:v0"} <= inputs, inputs)


@attempt("a second run")
def _():
    with wandb.init(project=PROJECT, entity="me", dir=".", settings=wandb.Settings(silent=True)) as second:
        used = second.use_artifact("ds:v1")
        got = contents(used.download(root=fresh("second")))
        check("another run uses it", got == {odd: "two " + odd for odd in ODD}, got)
        new = wandb.Artifact("by-second", type="dataset")
        new.add_file(str(write("plain.txt", "two plain.txt")), name="plain.txt")
        second.log_artifact(new).wait()
    found = wandb.Api().run(f"{PATH}/{second.id}")
    check("its inputs", [each.name for each in found.used_artifacts()] == ["ds:v1"])
    check("its outputs", "by-second:v0" in [each.name for each in found.logged_artifacts()])
    users = {each.id for each in wandb.Api().artifact(f"{PATH}/ds:v1").used_by()}
    check("used by it", users == {second.id}, users)


@attempt("deleting")
def _():
    api = wandb.Api()
    artifact = api.artifact(f"{PATH}/ds:v0")
    try:
        artifact.delete()
        fail("an artifact with aliases stays", "it did not")
    except Exception as error:  # noqa: BLE001
        check("an artifact with aliases stays", "alias" in str(error), error)
    artifact.delete(delete_aliases=True)
    versions = [each.version for each in wandb.Api().artifacts("dataset", f"{PATH}/ds")]
    check("deleted version is gone", versions == ["v2", "v1"], versions)
    got = contents(wandb.Api().artifact(f"{PATH}/by-second:v0").download(root=fresh("shared-blob")))
    check("what others share stays", got == {"plain.txt": "two plain.txt"}, got)
    wandb.Api().artifact(f"{PATH}/ds:v2").delete(delete_aliases=True)
    check("latest goes back", wandb.Api().artifact(f"{PATH}/ds:latest").version == "v1")
    wandb.Api().artifact_collection("dataset", f"{PATH}/tables").delete()
    names = [each.name for each in wandb.Api().artifact_type("dataset", PATH).collections()]
    check("deleted collection is gone", "tables" not in names and "ds" in names, names)


print(f"{'FAILED' if failed else 'passed'} with wandb {wandb.__version__}: {len(failed)} failed", flush=True)
sys.exit(1 if failed else 0)
