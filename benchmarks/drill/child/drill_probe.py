"""Keeps a journal of what a run brings to the disk, and kills it at a named moment.

The journal has a line per event: `moment LABEL`, `sync INODE`, `rename INODE FOLDER_INODE PATH`, `put STAGE PATH` (the result
store has promised that this result is kept), `ask RUN KEY DOCUMENT`, `answered RUN KEY` (the same for a call and its reply,
with the run whose process it is), `killed LABEL`. It survives the kill because each line is a write of its own.

`DRILL_KILL=LABEL#N` kills at the N-th such moment of a process; `DRILL_WHO=group` with all processes of the run at once, as
when the machine loses power; `DRILL_FREE=1` takes the project's lock away, as for runs that the Dagster UI starts.
"""

import contextlib
import faulthandler
import importlib.abc
import importlib.util
import os
import re
import select
import signal
import sys
import threading
import time
from collections import Counter

_local = threading.local()
_counts = Counter()
_journal = -1
_target, _, _number = os.environ.get("DRILL_KILL", "").partition("#")
DELAY = 0.05
"""Seconds after a request is sent at which a kill finds it on its way: the stand-in answers later."""


def install(path):
    global _journal
    _journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.environ.setdefault("DRILL_MAIN", str(os.getpid()))
    faulthandler.register(signal.SIGUSR1, all_threads=True)  # where a run that hangs is
    if os.environ.get(
        "FAKETIME"
    ):  # libfaketime 0.9.10 makes clock_nanosleep fail where it leaves the monotonic clock alone
        time.sleep = lambda seconds: select.select([], [], [], seconds) and None
    _wrap_os()
    sys.addaudithook(_audit)
    sys.meta_path.insert(0, _Finder())


def _note(*words):
    os.write(_journal, ("\t".join(map(str, words)) + "\n").encode(errors="surrogateescape"))


def moment(label):
    _note("moment", label)
    if label != _target:
        return
    _counts[label] += 1
    if _counts[label] == int(_number or 1):
        if label == "ask:waiting":
            threading.Timer(DELAY, _kill, [label]).start()
        else:
            _kill(label)


def _kill(label):
    _note("killed", label)
    main = int(os.environ["DRILL_MAIN"])
    if os.environ.get("DRILL_WHO") == "group":
        os.killpg(os.getpgid(main), signal.SIGKILL)
    os.kill(main, signal.SIGKILL)


def _wrap_os():
    fsync = os.fsync

    def noted_fsync(file):
        stage = getattr(_local, "stage", None)
        status = os.fstat(file if isinstance(file, int) else file.fileno())
        if stage:
            moment(f"put:{stage}:sync")
        fsync(file)
        _note("sync", status.st_ino)

    def noted(give_name):
        def noted_name(source, target, **options):
            stage = getattr(_local, "stage", None)
            name = os.fsdecode(target)
            other = "report:rename" if "/data/report/" in name else f"rename:{os.path.basename(name)}"
            label = f"put:{stage}:rename" if stage else other
            inode = os.stat(source).st_ino
            moment(label)
            give_name(source, target, **options)
            path = os.path.abspath(os.fsdecode(target))
            _note("rename", inode, os.stat(os.path.dirname(path)).st_ino, path)
            if stage:
                moment(f"put:{stage}:renamed")

        return noted_name

    # A result that is stored unless there is one gets its name by a link.
    os.fsync, os.replace, os.link = noted_fsync, noted(os.replace), noted(os.link)


def _audit(event, arguments):
    if getattr(_local, "busy", False):
        return
    _local.busy = True
    try:
        if event == "sqlite3.connect":
            moment("dagster:database")
        elif event == "open" and isinstance(arguments[0], str) and "/data/report/" in arguments[0]:
            if arguments[2] & (os.O_WRONLY | os.O_RDWR):
                moment("report:write")
        elif event == "os.mkdir" and isinstance(arguments[0], str) and "/data/" in arguments[0] + "/":
            moment("folder")
    finally:
        _local.busy = False


def _store(module):
    for name in ("put", "put_if_absent"):
        _wrap_put(module, name)


def _wrap_put(module, name):
    put = getattr(module.ResultStore, name)

    def noted_put(self, stage, key, text):
        _local.stage = stage
        try:
            moment(f"put:{stage}:begin")
            done = put(self, stage, key, text)
            if done is not False:  # another run stored it
                _note("put", stage, self._blobs.shown(module._name(stage, key)))
            if stage == "calls":
                _note("answered", os.environ.get("DRILL_MARK"), key)
            moment(f"put:{stage}:end")
            return done
        finally:
            _local.stage = None

    setattr(module.ResultStore, name, noted_put)


def _changes(module):
    insert = module.insert_into

    def noted_insert(table, rows, *arguments):
        moment(f"table:{table}:insert")
        insert(table, rows, *arguments)

    module.insert_into = noted_insert


def _connection(module):
    for name in ("replace_together", "replace_all"):
        _wrap_method(module.Warehouse, name)


def _wrap_method(owner, name):
    method = getattr(owner, name)

    def noted(self, changed, *arguments, **options):
        first = next((table for change in changed for table in _tables_of(change)), "none")
        moment(f"table:{first}:begin")
        method(self, changed, *arguments, **options)
        moment(f"table:{first}:end")

    setattr(owner, name, noted)


def _tables_of(change):
    """Of a replacement, of an update, or of a table that is replaced as a whole."""
    if isinstance(change, str):
        return [change]
    return list(change.tables) if hasattr(change, "tables") else [change.table]


def _asking(module):
    ask = module.ModelCalls._ask

    def noted_ask(self, provider, request, key, *arguments, **options):
        moment("ask:begin")
        document = re.search(r"Case-?X(\d{5})", str(request.description()))
        _note("ask", os.environ.get("DRILL_MARK"), key, document[1] if document else "")
        moment("ask:waiting")
        return ask(self, provider, request, key, *arguments, **options)

    module.ModelCalls._ask = noted_ask


def _waiting(module):
    if os.environ.get("DRILL_FREE"):
        module.only_run = lambda *_, **__: contextlib.nullcontext()


_PATCHES = {
    "ocr_pipeline.store": _store,
    "ocr_pipeline.warehouse.changes": _changes,
    "ocr_pipeline.warehouse.connection": _connection,
    "ocr_pipeline.models.asking": _asking,
    "ocr_pipeline.operation.waiting": _waiting,
}


class _Finder(importlib.abc.MetaPathFinder):
    """Patches a module right after it is loaded."""

    def find_spec(self, name, path, target=None):
        if name not in _PATCHES:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            _PATCHES[name](module)

        spec.loader.exec_module = loaded
        return spec
