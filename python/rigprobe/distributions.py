"""Which modules a distribution brings, read from its RECORD: what `import` must be tried for it."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Dict, List, Optional, Set

SKIPPED = {"tests", "test", "testing", "docs", "doc", "examples", "benchmarks", "scripts"}
EXTENSION = re.compile(r"^([A-Za-z_]\w*)(\.[\w-]+)*\.so$")


def normalise(name: str) -> str:
    """The normalised name of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find(name: str) -> Optional[metadata.Distribution]:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _module_of(path: str) -> Optional[str]:
    """`a/__init__.py` -> a; `a/b/__init__.py` -> a.b (a namespace); `a.py`, `a.cpython-311.so` -> a."""
    parts = path.split("/")
    if len(parts) <= 3 and parts[-1] == "__init__.py" and all(p.isidentifier() for p in parts[:-1]):
        return ".".join(parts[:-1]) or None
    if len(parts) != 1:
        return None
    if path.endswith(".py") and path[:-3].isidentifier():
        return path[:-3]
    extension = EXTENSION.match(path)
    return extension.group(1) if extension else None


def modules(distribution: metadata.Distribution) -> List[str]:
    """Importable top-level names, shallowest first; empty for a wheel of data or programs only."""
    found: Set[str] = set()
    for line in (distribution.read_text("RECORD") or "").splitlines():
        module = _module_of(line.split(",", 1)[0].strip('"'))
        if module is not None:
            found.add(module)
    shallow = {m for m in found if m.rpartition(".")[0] not in found}
    public = [m for m in shallow if not m.startswith("_") and m.split(".")[-1] not in SKIPPED]
    own = normalise(distribution.metadata["Name"]).replace("-", "_")
    named = [m for m in public if m.lower() == own]
    return named or sorted(public)


def installed() -> Dict[str, str]:
    """Every distribution that Python sees: normalised name -> version. The first on sys.path wins."""
    seen: Dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            seen.setdefault(normalise(name), distribution.version)
    return seen
