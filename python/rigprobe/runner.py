"""Runs steps in child processes: a crash, a hang or exhausted memory in one step costs that step alone.

Each job is a list of steps that one child runs in order (so they share what they import). When a step
overruns its limit or kills its child, the parent says so in that step's result and starts a new child
with the steps that are left. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any, Callable, Dict, List, NamedTuple, Optional

Result = Dict[str, Any]


class Step(NamedTuple):
    """One check. `run` returns what it found as JSON values, or raises."""

    name: str
    limit: float  # seconds
    run: Callable[[], Result]


class Failure(Exception):
    """A check that found something wrong; `facts` go into the result beside the message."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


def finite(number: float) -> Optional[float]:
    """NaN and infinities are not JSON: null."""
    return number if math.isfinite(number) else None


def describe(error: BaseException) -> Result:
    """An exception as JSON: type, message, the last frames."""
    frames = traceback.format_exception(type(error), error, error.__traceback__)
    return {
        "kind": "exception",
        "type": type(error).__name__,
        "message": str(error)[:2000],
        "trace": "".join(frames)[-1500:],
    }


class Child:
    """A forked process that runs `steps` in order and reports over a pipe."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = list(steps)
        self.done = 0
        self.started = time.monotonic()
        self.buffer = b""
        self.log = _log_file()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pipe, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            _run_steps(self.steps, write, self.log)
        os.close(write)

    def deadline(self) -> float:
        return self.started + self.steps[self.done].limit if self.done < len(self.steps) else float("inf")

    def read(self, results: Result) -> bool:
        """Takes what the child has written; False at its end."""
        data = os.read(self.pipe, 1 << 16)
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            name, result = json.loads(line)
            results[name] = result
            self.done += 1
            self.started = time.monotonic()
        return bool(data)

    def end(self) -> int:
        """Kills the child's whole session, reaps it, returns its raw wait status."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pipe)
        return status

    def last_words(self) -> str:
        """The end of what the child printed."""
        if self.log is None:
            return ""
        size = os.lseek(self.log, 0, os.SEEK_END)
        text = os.pread(self.log, 2000, max(0, size - 2000)).decode("utf-8", "replace")
        os.close(self.log)
        return text.strip()


def _log_file() -> Optional[int]:
    create = getattr(os, "memfd_create", None)
    return create("rigprobe") if create else None


def _run_steps(steps: Sequence[Step], write: int, log: Optional[int]) -> None:
    """The child's life. Never returns: os._exit leaves no finalizer to hang or crash."""
    os.setsid()
    quiet = log if log is not None else os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for step in steps:
        started = time.perf_counter()
        try:
            result = {"ok": True, **step.run()}
        except Failure as failure:
            result = {"ok": False, **failure.facts, "error": {"kind": "finding", "message": str(failure)}}
        except BaseException as error:  # an import may raise SystemExit
            result = {"ok": False, "error": describe(error)}
        result["ms"] = round((time.perf_counter() - started) * 1000, 1)
        os.write(write, (json.dumps([step.name, result]) + "\n").encode())
    os._exit(0)


def _ended_badly(child: Child, overran: bool, status: int) -> Result:
    """The result of a step whose child did not live to report it."""
    step = child.steps[child.done]
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    if overran:
        error: Result = {"kind": "timeout", "message": f"not finished after {step.limit:g} s"}
    elif number is None:
        error = {"kind": "exit", "message": f"the process ended by itself with code {os.WEXITSTATUS(status)}"}
    else:
        name = signal.Signals(number).name
        hint = " (out of memory, most likely)" if number == signal.SIGKILL else ""
        error = {"kind": "signal", "signal": name, "message": f"the process was killed by {name}{hint}"}
    error["output"] = child.last_words()
    return {"ok": False, "ms": round((time.monotonic() - child.started) * 1000, 1), "error": error}


def run_jobs(jobs: Sequence[Sequence[Step]], limit: float) -> Dict[str, Result]:
    """Runs the jobs side by side; every step has a result at the end, whatever happened. `limit`: seconds for all."""
    results: Dict[str, Result] = {}
    give_up = time.monotonic() + limit
    children: List[Child] = [Child(steps) for steps in jobs if steps]
    while children:
        wait = max(0.0, min(give_up, *(child.deadline() for child in children)) - time.monotonic())
        ready = select.select([child.pipe for child in children], [], [], wait)[0]
        now = time.monotonic()
        for child in list(children):
            overran = now >= min(give_up, child.deadline())
            if child.pipe in ready:
                if child.read(results):
                    continue
                overran = False
            elif not overran:
                continue
            children.remove(child)
            status = child.end()
            if child.done == len(child.steps):
                continue
            results[child.steps[child.done].name] = _ended_badly(child, overran, status)
            left = child.steps[child.done + 1 :]
            if now >= give_up:
                message = f"not started: the whole took longer than {limit:g} s"
                for step in left:
                    results[step.name] = {
                        "ok": False,
                        "ms": 0,
                        "error": {"kind": "timeout", "message": message},
                    }
            elif left:
                children.append(Child(left))
    return results


Jobs = Sequence[Sequence[Step]]
#: The step of after() that stands for all that come after the first.
REST = "rest"


def after(first: Step, jobs: Jobs, limit: float) -> List[Step]:
    """A job that runs `first` and then `jobs` side by side in forks of its process: what `first` imported is there for all.

    A first step that fails or dies keeps none of the others from being tried. `limit`: seconds for all together.
    """
    give_up = time.monotonic() + limit
    return [
        first,
        Step(REST, limit, lambda: {"results": run_jobs(jobs, max(0.0, give_up - time.monotonic()))}),
    ]


def unfold(results: Dict[str, Result], jobs: Jobs) -> Dict[str, Result]:
    """The results of run_jobs with those of after(first, jobs) beside the others; every step has one."""
    rest = results.pop(REST)
    names = [step.name for job in jobs for step in job]
    lost = {"ok": False, "ms": 0, "error": rest.get("error")}
    return {**results, **{name: rest.get("results", {}).get(name, lost) for name in names}}
