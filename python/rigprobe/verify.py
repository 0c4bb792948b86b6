"""Verification of an environment by real work; prints one JSON document.

Request: {"packages": {name: version}, "torch": bool, "n": 2000, "limits": {"import", "compute", "compile", "total"}}
(seconds). Two processes side by side: one imports every package, the other computes.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
import time
from typing import Any, Dict, List

from rigprobe import distributions, gpu
from rigprobe.runner import Failure, Result, Step, finite, run_jobs

MATMUL_TOLERANCE = 5e-3  # float32, sums of 2000 products of standard normals: the real error is about 2e-4
COMPILE_TOLERANCE = 1e-3


def interpreter() -> Result:
    """Facts about Python that cost nothing."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "compiler": shutil.which(os.environ.get("CC") or "gcc")
        or shutil.which("cc")
        or shutil.which("clang"),
        "headers": os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")),
        "cores": len(os.sched_getaffinity(0)),
    }


def import_steps(packages: Dict[str, str], limit: float) -> List[Step]:
    """A step for each distribution of the lock: its version, then its modules."""

    def step(name: str, version: str) -> Step:
        def run() -> Result:
            distribution = distributions.find(name)
            if distribution is None:
                raise Failure("not installed", missing=True)
            facts: Dict[str, Any] = {
                "version": distribution.version,
                "modules": distributions.modules(distribution),
            }
            for module in facts["modules"]:
                try:
                    importlib.import_module(module)
                except ImportError as error:
                    raise Failure(f"import {module}: {error}", module=module, **facts) from error
            return facts

        return Step(f"import {name}", limit, run)

    # setuptools replaces distutils and refuses to be imported after it
    ordered = sorted(packages.items(), key=lambda item: item[0] != "setuptools")
    return [step(name, version) for name, version in ordered]


def torch_versions() -> Result:
    import torch

    facts: Result = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": _cudnn(torch),
        "nccl": _nccl(torch),
        "archList": torch.cuda.get_arch_list() if torch.version.cuda else [],
        "threads": torch.get_num_threads(),
    }
    triton = distributions.find("triton")
    facts["triton"] = triton.version if triton else None
    return facts


def _cudnn(torch: Any) -> Any:
    number = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None
    if number is None and torch.version.cuda:
        # Without a GPU torch does not load cuDNN: ask the library that it would load.
        import ctypes
        import glob
        from importlib import util

        spec = util.find_spec("nvidia.cudnn")
        for place in (spec.submodule_search_locations or []) if spec else []:
            for path in glob.glob(os.path.join(place, "lib", "libcudnn.so.*")):
                number = ctypes.CDLL(path).cudnnGetVersion()
    if not number:
        return None
    if number >= 90000:
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    return f"{number // 1000}.{number // 100 % 10}.{number % 100}"


def _nccl(torch: Any) -> Any:
    if not torch.version.cuda:
        return None
    version = torch.cuda.nccl.version()
    return ".".join(str(part) for part in version) if isinstance(version, tuple) else str(version)


def gpus() -> Result:
    import torch

    facts: Result = {
        "driver": gpu.cuda_driver(),
        "nvml": gpu.nvml(),
        "available": torch.cuda.is_available(),
        "gpus": [],
    }
    if not facts["available"] and torch.version.cuda and facts["driver"]["found"]:
        try:
            torch.cuda.init()
        except Exception as error:
            facts["why"] = str(error)
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        facts["gpus"].append(
            {
                "index": index,
                "name": properties.name,
                "memory": properties.total_memory,
                "computeCapability": f"{properties.major}.{properties.minor}",
                "multiprocessors": properties.multi_processor_count,
            }
        )
    return facts


def matmul(n: int) -> Result:
    """A float32 product on the device that training would use, timed with synchronisation, against float64 on the CPU."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, n, generator=generator) for _ in range(2))
    x, y = a.to(device), b.to(device)

    def synchronise() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    torch.mm(x[:64], y)
    synchronise()
    started = time.perf_counter()
    product = torch.mm(x, y)
    synchronise()
    elapsed = (time.perf_counter() - started) * 1000
    error = (product.cpu().double() - a.double() @ b.double()).abs().max().item()
    facts = {"device": device, "n": n, "productMs": round(elapsed, 3), "maxError": finite(error)}
    if not error <= MATMUL_TOLERANCE:  # also true of NaN
        raise Failure(
            f"the product is wrong by up to {error:g} (at most {MATMUL_TOLERANCE:g} is rounding)", **facts
        )
    return facts


def compiled_model() -> Result:
    """torch.compile of a small model equals eager; needs a C compiler (and Python.h on a GPU)."""
    cache = tempfile.mkdtemp(prefix="rigprobe-")
    os.environ.update(TORCHINDUCTOR_CACHE_DIR=cache, TORCHINDUCTOR_FORCE_DISABLE_CACHES="1")
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    # Saves a compilation and an interpreter for each vector instruction set (4 s): the real compilation below tells.
    os.environ.setdefault("TORCHINDUCTOR_VEC_ISA_OK", "1")
    try:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(0)
        model = torch.nn.Sequential(
            torch.nn.Linear(64, 128), torch.nn.GELU(), torch.nn.LayerNorm(128), torch.nn.Linear(128, 8)
        )
        model = model.to(device).eval()
        x = torch.randn(32, 64, device=device)
        with torch.no_grad():
            eager = model(x)
            fast = torch.compile(model, backend="inductor")(x)
        error = (eager - fast).abs().max().item()
        if not error <= COMPILE_TOLERANCE:
            raise Failure(
                f"the compiled model differs from eager by {error:g}", device=device, maxError=finite(error)
            )
        return {"device": device, "maxError": error}
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def main(request: Dict[str, Any]) -> Dict[str, Any]:
    started = time.perf_counter()
    limits = request["limits"]
    compute: List[Step] = []
    if request["torch"]:
        compute = [
            Step("torch", limits["import"], torch_versions),
            Step("gpus", limits["compute"], gpus),
            Step("matmul", limits["compute"], lambda: matmul(request["n"])),
            Step("compile", limits["compile"], compiled_model),
        ]
    results = run_jobs([compute, import_steps(request["packages"], limits["import"])], limits["total"])
    imports = {
        name[len("import ") :]: result for name, result in results.items() if name.startswith("import ")
    }
    steps = {name: result for name, result in results.items() if not name.startswith("import ")}
    return {
        "format": 1,
        "interpreter": interpreter(),
        "steps": steps,
        "imports": imports,
        "ms": round((time.perf_counter() - started) * 1000, 1),
    }


def run(request: Dict[str, Any]) -> None:
    print(json.dumps(main(request)))
