"""Probes of `rig doctor` inside an environment; prints one JSON document.

Request: {"torch": bool, "work": bool (false: torch is not tried), "workspace": "/workspace", "workers": 2,
"hashSeconds": 3, "compile": true, "total": seconds}.
Three processes side by side: one looks at the place, one computes, one starts processes of its own.
"""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any, Dict, List

from rigprobe import gpu, system, torchwork, verify
from rigprobe.runner import Step, after, run_jobs, unfold

#: Whose shared libraries are compared with their RECORD, in this order.
CHECKED = ["torch", "triton", "numpy", "torchvision", "torchaudio"]


def _gpu_count() -> int:
    """Without torch, so that the parent never touches CUDA."""
    answer = gpu.nvml()
    return int(answer.get("devices", 0)) if answer.get("code") == 0 else 0


def _nvidia_wheels() -> List[str]:
    from rigprobe import distributions

    return sorted(name for name in distributions.installed() if name.startswith("nvidia-"))


def place_steps(request: Dict[str, Any]) -> List[Step]:
    workspace = request["workspace"]
    steps = [
        Step("tools", 10, system.tools),
        Step("memory", 10, system.memory),
        Step("workspace", 20, lambda: system.folder(workspace)),
        Step("shm", 10, system.shared_memory),
        Step("shadowed", 10, lambda: system.shadowed([workspace])),
    ]
    if request["torch"]:
        steps.append(Step("libraries", 30, system.stray_libraries))
    if request["torch"] and request["work"]:
        steps.append(Step("files", 60, lambda: system.files(CHECKED + _nvidia_wheels(), request["hashSeconds"])))
    return steps


def process_steps(request: Dict[str, Any], gpus: int) -> List[Step]:
    steps = [
        Step("dataLoader", 60, lambda: torchwork.data_loader(request["workers"], 1 << 20)),
        Step("gloo", 60, lambda: torchwork.all_reduce("gloo", 2, 40)),
    ]
    if gpus > 0:
        steps.append(Step("nccl", 120, lambda: torchwork.all_reduce("nccl", gpus, 100)))
    return steps


#: Both use threads: in their process nothing may be forked after them.
VALUES = [
    Step("allocate", 60, lambda: torchwork.allocate(128 << 20)),
    Step("products", 60, lambda: torchwork.products(512)),
]


def gpu_steps(gpus: int) -> List[Step]:
    steps = [Step(f"rates {index}", 60, partial(torchwork.gpu_rates, index)) for index in range(gpus)]
    return steps + ([Step("peers", 60, torchwork.peers)] if gpus > 1 else [])


def torch_jobs(request: Dict[str, Any], gpus: int) -> List[List[Step]]:
    """Side by side: what computes and what starts processes. On a GPU nothing computes beside the measurement.

    Without a compiler, which `tools` tells, nothing is compiled.
    """
    compute = [Step("torch", 90, verify.torch_versions), Step("gpus", 60, verify.gpus)]
    processes = process_steps(request, gpus)
    if gpus > 0:
        compute += VALUES + gpu_steps(gpus)
    else:
        processes += VALUES
    found = system.tools()
    if request["compile"] and found["compiler"] and found["c"]:
        compute.append(Step("compile", 240, verify.compiled_model))
    return [compute, processes]


def run(request: Dict[str, Any]) -> None:
    started = time.perf_counter()
    place = place_steps(request)
    if request["torch"] and request["work"]:
        # Imported once, without a touch of CUDA: that must not be there before a fork.
        first = Step("import", 90, torchwork.import_torch)
        jobs = torch_jobs(request, _gpu_count())
        limit = request["total"]
        results = unfold(run_jobs([place, after(first, jobs, limit)], limit + 10), jobs)
    else:
        results = run_jobs([place], request["total"])
    elapsed = round((time.perf_counter() - started) * 1000, 1)
    print(json.dumps({"format": 1, "interpreter": verify.interpreter(), "steps": results, "ms": elapsed}))
