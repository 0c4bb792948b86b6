"""Probes of the place that Python runs in: folders, memory, libraries, files. No torch needed."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from typing import Dict, List, Optional, Tuple

from rigprobe import distributions
from rigprobe.runner import Failure, Result

MIB = 1 << 20
#: Libraries that come with torch's wheels: a second copy of any of them is trouble.
OWN = re.compile(
    r"^lib(torch\w*|c10\w*|cudnn\w*|cublas\w*|cudart|cufft|cufile|cupti|curand|cusolver\w*|cusparse\w*|nccl|nvJitLink|nvrtc\w*"
    r"|nvToolsExt|nvshmem\w*)\.so"
)


def folder(path: str) -> Result:
    """Writes, reads back and removes a file where the user's work lies."""
    if not os.path.isdir(path):
        raise Failure(f"{path} is not there", path=path)
    usage = shutil.disk_usage(path)
    facts = {"path": path, "free": usage.free, "total": usage.total}
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".rigprobe-") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            if file.read() != b"x" * 4096:
                raise Failure("what is read is not what was written", **facts)
    except OSError as error:
        raise Failure(f"cannot write: {error.strerror}", errno=error.errno, **facts) from error
    return facts


def shared_memory() -> Result:
    usage = shutil.disk_usage("/dev/shm")
    facts = {"total": usage.total, "free": usage.free}
    if usage.total < 64 * MIB:
        raise Failure(f"/dev/shm has {usage.total / MIB:.1f} MiB", **facts)
    return facts


def _first(paths: List[str]) -> Optional[int]:
    for path in paths:
        try:
            with open(path) as file:
                text = file.read().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < 1 << 60:
            return int(text)
    return None


def _own_groups() -> Iterator[str]:
    """Memory limit files of this process's cgroups, v1 and v2, from its own group upwards."""
    try:
        with open("/proc/self/cgroup") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        base, name = (
            ("/sys/fs/cgroup", "memory.max")
            if not controllers
            else ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        )
        if controllers not in ("", "memory"):
            continue
        while True:
            yield f"{base}{path.rstrip('/')}/{name}"
            if path in ("", "/"):
                break
            path = path.rpartition("/")[0]


def memory() -> Result:
    with open("/proc/meminfo") as file:
        fields = dict(line.split(":", 1) for line in file)
    total, available = (int(fields[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    limits = [value for value in (_first([path]) for path in _own_groups()) if value is not None]
    address = resource.getrlimit(resource.RLIMIT_AS)[0]
    return {
        "total": total,
        "available": available,
        "limit": min(limits) if limits else None,
        "addressSpace": None if address == resource.RLIM_INFINITY else address,
    }


def tools() -> Result:
    """What torch.compile needs, and what the environment's variables say."""
    names = (
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "PYTHONPATH",
        "PYTHONHOME",
        "CUDA_VISIBLE_DEVICES",
        "OMP_NUM_THREADS",
    )
    return {
        "compiler": shutil.which(os.environ.get("CXX") or "g++") or shutil.which("clang++"),
        "c": shutil.which(os.environ.get("CC") or "gcc") or shutil.which("cc") or shutil.which("clang"),
        "headers": os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")),
        "variables": {name: os.environ[name] for name in names if os.environ.get(name)},
        "cores": len(os.sched_getaffinity(0)),
    }


def _site_packages() -> List[str]:
    return sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]})


def _own_libraries() -> Dict[str, str]:
    """Libraries of the environment's wheels by file name."""
    found: Dict[str, str] = {}
    for site in _site_packages():
        folders = [os.path.join(site, "torch", "lib")]
        nvidia = os.path.join(site, "nvidia")
        if os.path.isdir(nvidia):
            folders += [os.path.join(nvidia, name, "lib") for name in sorted(os.listdir(nvidia))]
        for where in folders:
            for name in sorted(os.listdir(where)) if os.path.isdir(where) else []:
                if OWN.match(name):
                    found.setdefault(name, os.path.join(where, name))
    return found


def stray_libraries() -> Result:
    """Copies of torch's libraries that the loader finds before the environment's own: by folder and by ldd."""
    own = _own_libraries()
    stems = {OWN.match(name).group(0) for name in own}  # type: ignore[union-attr]
    strays = []
    for where in filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")):
        for name in sorted(os.listdir(where)) if os.path.isdir(where) else []:
            match = OWN.match(name)
            path = os.path.join(where, name)
            if (
                match
                and match.group(0) in stems
                and os.path.realpath(path) not in map(os.path.realpath, own.values())
            ):
                strays.append(path)
    missing = []
    for name in ("libtorch_cpu.so", "libtorch_cuda.so"):
        if name not in own or shutil.which("ldd") is None:
            continue
        listing = subprocess.run(["ldd", own[name]], capture_output=True, text=True, timeout=20).stdout
        for line in listing.splitlines():
            parts = line.split()
            if "not found" in line and parts and not parts[0].startswith("libcuda.so"):
                missing.append(f"{name}: {parts[0]}")
            elif len(parts) >= 3 and parts[1] == "=>" and OWN.match(parts[0]) and not _inside(parts[2]):
                strays.append(parts[2])
    strays = list(dict.fromkeys(strays))
    if strays or missing:
        words = ([f"stray copies: {', '.join(strays[:5])}"] if strays else []) + (
            [f"missing: {', '.join(missing[:5])}"] if missing else []
        )
        raise Failure("; ".join(words), strays=strays, missing=missing)
    return {"own": len(own)}


def _inside(path: str) -> bool:
    real = os.path.realpath(path)
    return any(real.startswith(os.path.realpath(site) + os.sep) for site in _site_packages())


def _recorded(names: List[str]) -> Iterator[Tuple[str, int, str, str]]:
    """(path, size, sha256 in base64url, distribution) of the shared libraries that RECORD lists."""
    for name in names:
        distribution = distributions.find(name)
        if distribution is None:
            continue
        root = str(distribution.locate_file(""))
        for line in (distribution.read_text("RECORD") or "").splitlines():
            path, _, rest = line.rpartition(",sha256=")
            if path and ".so" in path:
                digest, _, size = rest.partition(",")
                yield os.path.join(root, path.strip('"')), int(size or -1), digest, name


def files(names: List[str], seconds: float) -> Result:
    """Shared libraries against their RECORD: every size, and as many hashes as the time allows, torch's first."""
    started = time.monotonic()
    listed = list(_recorded(names))
    wrong = []
    present = []
    for path, size, digest, name in listed:
        try:
            found = os.stat(path)
        except OSError:
            wrong.append(f"{path} is missing ({name})")
            continue
        if size >= 0 and found.st_size != size:
            wrong.append(f"{path} has {found.st_size} bytes, {name} says {size}")
        else:
            present.append((path, size, digest, name, found.st_mtime))
    # What was written after the environment was made stands out by its time.
    times = [entry[4] for entry in present]
    usual = max(set(times), key=times.count) if times else 0.0
    present.sort(key=lambda entry: (entry[4] == usual, names.index(entry[3])))
    hashed = total = 0
    for path, size, digest, name, _ in present:
        total += size
        if time.monotonic() - started > seconds:
            continue
        hashed += size
        if _sha256(path) != digest:
            wrong.append(f"{path} is not what {name} brought")
    facts = {"files": len(listed), "bytes": total, "hashedBytes": hashed}
    if wrong:
        raise Failure("; ".join(wrong[:5]), wrong=wrong[:50], **facts)
    return facts


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(4 * MIB):
            digest.update(chunk)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def shadowed(places: List[str]) -> Result:
    """Files of the user that hide a module of the same name: /workspace/random.py, ./torch.py."""
    found = []
    known = set(getattr(sys, "stdlib_module_names", ())) | {
        "torch",
        "numpy",
        "torchvision",
        "torchaudio",
        "transformers",
        "datasets",
        "triton",
    }
    for place in dict.fromkeys(places + list(filter(None, os.environ.get("PYTHONPATH", "").split(":")))):
        for name in sorted(os.listdir(place)) if os.path.isdir(place) else []:
            stem = (
                name[:-3]
                if name.endswith(".py")
                else name
                if os.path.isfile(os.path.join(place, name, "__init__.py"))
                else ""
            )
            if stem in known:
                found.append(os.path.join(place, name))
    if found:
        raise Failure(f"hides a module of Python or torch: {', '.join(found[:5])}", files=found)
    return {}
