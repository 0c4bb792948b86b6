"""Probes that work with torch: values, workers, collectives, rates."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import traceback
from typing import Any, Callable, Dict, List

from rigprobe.runner import Failure, Result, finite

#: Largest relative error (Frobenius norm) of a product whose reference was computed from the same rounded inputs.
TOLERANCE = {"fp32": 1e-5, "tf32": 2e-3, "bf16": 1e-2, "fp16": 2e-3}


def _device(torch: Any) -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def import_torch() -> Result:
    import torch

    return {"torch": torch.__version__}


def allocate(size: int) -> Result:
    """Takes memory, writes it, reads every byte back. `size`: bytes, a multiple of eight."""
    import torch

    device = _device(torch)
    block = torch.ones(size, dtype=torch.uint8, device=device)
    right = int((block.view(torch.int64) == 0x0101010101010101).sum().item()) * 8
    if right != size:
        raise Failure(f"of {size} bytes {size - right} are not what was written", device=device)
    return {"device": device, "bytes": size}


def _dtypes(torch: Any, device: str) -> Dict[str, Any]:
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if device == "cuda":
        capability = torch.cuda.get_device_capability()
        if capability >= (8, 0):
            dtypes["tf32"] = torch.float32
        else:
            del dtypes["bf16"]
    return dtypes


def products(n: int) -> Result:
    """A product on every device in every precision, checked against float64."""
    import torch

    device = _device(torch)
    devices = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if device == "cuda" else ["cpu"]
    errors: Dict[str, Any] = {}
    wrong = []
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(n, n, generator=generator) for _ in range(2))
    for name, dtype in _dtypes(torch, device).items():
        x, y = a.to(dtype), b.to(dtype)
        reference = x.double() @ y.double()
        for where in devices:
            torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
            product = (x.to(where) @ y.to(where)).cpu().double()
            error = ((product - reference).norm() / reference.norm()).item()
            errors[f"{where} {name}"] = finite(error)
            if not error <= TOLERANCE[name]:
                wrong.append(f"{where} {name}: relative error {error:g}")
    torch.backends.cuda.matmul.allow_tf32 = False
    if wrong:
        raise Failure("; ".join(wrong), n=n, errors=errors)
    return {"n": n, "errors": errors}


def data_loader(workers: int, item_bytes: int) -> Result:
    """Worker processes hand tensors over through /dev/shm; the values must arrive."""
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Numbers(Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 16

        def __getitem__(self, index: int) -> Any:
            return torch.full((item_bytes,), index, dtype=torch.uint8)

    started = time.perf_counter()
    loader = DataLoader(
        Numbers(), batch_size=4, num_workers=workers, multiprocessing_context="fork", timeout=30
    )
    seen = [int(value) for batch in loader for value in batch[:, -1]]
    if seen != list(range(16)):
        raise Failure(f"the workers' data arrived as {seen}", workers=workers)
    return {
        "workers": workers,
        "batchBytes": 4 * item_bytes,
        "loadMs": round((time.perf_counter() - started) * 1000, 1),
    }


def _rank(work: Callable[[], None], report: str) -> int:
    """A forked process; what goes wrong is in the file `report`."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except BaseException:
        with open(report, "w") as file:
            file.write(traceback.format_exc()[-1500:])
        os._exit(1)


def all_reduce(backend: str, ranks: int, limit: float) -> Result:
    """`ranks` processes add up a tensor: gloo on the CPU, NCCL with a GPU each."""
    folder = tempfile.mkdtemp(prefix="rigprobe-")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")

    def work(rank: int) -> Callable[[], None]:
        def run() -> None:
            from datetime import timedelta

            import torch
            import torch.distributed as distributed

            device = f"cuda:{rank}" if backend == "nccl" else "cpu"
            if backend == "nccl":
                torch.cuda.set_device(rank)
            distributed.init_process_group(
                backend,
                init_method=f"file://{folder}/store",
                rank=rank,
                world_size=ranks,
                timeout=timedelta(seconds=limit),
            )
            tensor = torch.full((1 << 18,), float(rank + 1), device=device)
            distributed.all_reduce(tensor)
            wanted = ranks * (ranks + 1) / 2
            if not bool((tensor == wanted).all()):
                raise ValueError(f"the sum is {tensor[0].item()}, not {wanted}")
            distributed.destroy_process_group()

        return run

    started = time.perf_counter()
    pids = [_rank(work(rank), f"{folder}/rank{rank}") for rank in range(ranks)]
    try:
        codes = _wait(pids, limit)
        words = ""
        for rank in range(ranks):
            if os.path.exists(f"{folder}/rank{rank}"):
                with open(f"{folder}/rank{rank}") as file:
                    words = words or file.read().strip()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    facts = {"backend": backend, "ranks": ranks, "reduceMs": round((time.perf_counter() - started) * 1000, 1)}
    if any(codes):
        raise Failure(
            words.splitlines()[-1] if words else f"processes ended with {codes}", trace=words, **facts
        )
    return facts


def _wait(pids: List[int], limit: float) -> List[int]:
    """Exit codes; who is not done in time is killed and counts as 1."""
    give_up = time.monotonic() + limit
    codes: Dict[int, int] = {}
    while len(codes) < len(pids):
        for pid in pids:
            if pid not in codes:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    codes[pid] = os.waitstatus_to_exitcode(status)
        if time.monotonic() > give_up:
            for pid in set(pids) - set(codes):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                codes[pid] = 1
        time.sleep(0.01)
    return [codes[pid] for pid in pids]


def _seconds(torch: Any, work: Callable[[], Any], repeat: int) -> float:
    """Best of three, by events of the GPU."""
    work()
    best = float("inf")
    for _ in range(3):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(repeat):
            work()
        end.record()
        torch.cuda.synchronize()
        best = min(best, start.elapsed_time(end) / 1000 / repeat)
    return best


def gpu_rates(index: int) -> Result:
    """Matrix rates in TFLOP/s, memory bandwidths in GB/s of one GPU. A copy reads and writes every byte."""
    import torch

    torch.cuda.set_device(index)
    free = torch.cuda.mem_get_info(index)[0]
    n = 8192 if free > 2 << 30 else 4096
    rates: Dict[str, float] = {}
    for name, dtype in _dtypes(torch, "cuda").items():
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        a, b = (torch.randn(n, n, device="cuda").to(dtype) for _ in range(2))
        out = torch.empty_like(a)
        repeat = 4 if name == "fp32" else 20
        rates[name] = round(2 * n**3 / _seconds(torch, lambda: torch.mm(a, b, out=out), repeat) / 1e12, 2)
    torch.backends.cuda.matmul.allow_tf32 = False
    size = min(1 << 30, int(free * 0.2))
    source, target = (torch.empty(size, dtype=torch.uint8, device="cuda") for _ in range(2))
    copy = round(2 * size / _seconds(torch, lambda: target.copy_(source), 5) / 1e9, 1)
    pinned = torch.empty(min(size, 256 << 20), dtype=torch.uint8, pin_memory=True)
    part = target[: pinned.numel()]
    up = round(pinned.numel() / _seconds(torch, lambda: part.copy_(pinned, non_blocking=True), 5) / 1e9, 1)
    down = round(pinned.numel() / _seconds(torch, lambda: pinned.copy_(part, non_blocking=True), 5) / 1e9, 1)
    name = torch.cuda.get_device_name(index)
    return {
        "index": index,
        "name": name,
        "n": n,
        "tflops": rates,
        "copyGBs": copy,
        "toDeviceGBs": up,
        "toHostGBs": down,
    }


def peers() -> Result:
    """Which GPUs reach each other's memory directly; a copy between each such pair must arrive."""
    import torch

    count = torch.cuda.device_count()
    pairs = [(i, j) for i in range(count) for j in range(count) if i != j]
    direct = [pair for pair in pairs if torch.cuda.can_device_access_peer(*pair)]
    for i, j in direct:
        sent = torch.arange(1 << 16, device=f"cuda:{i}")
        if not torch.equal(sent.to(f"cuda:{j}").cpu(), sent.cpu()):
            raise Failure(
                f"a copy from GPU {i} to GPU {j} arrives changed", pairs=len(pairs), direct=len(direct)
            )
    return {"pairs": len(pairs), "direct": len(direct)}
