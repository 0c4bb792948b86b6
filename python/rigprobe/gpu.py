"""What the driver itself says, through its libraries and ctypes: works without torch."""

from __future__ import annotations

import ctypes
from typing import Any, Dict


def cuda_driver() -> Dict[str, Any]:
    """cuDriverGetVersion of the libcuda that a program in this environment gets: 12080 is CUDA 12.8."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        return {"found": False, "why": str(error)}
    number = ctypes.c_int(0)
    code = library.cuDriverGetVersion(ctypes.byref(number))
    return {"found": True, "code": code, "cuda": f"{number.value // 1000}.{number.value % 1000 // 10}"}


def nvml() -> Dict[str, Any]:
    """Driver version and device count by NVML, or the reason why it does not answer."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        return {"found": False, "why": str(error)}
    code = library.nvmlInit_v2()
    if code != 0:
        library.nvmlErrorString.restype = ctypes.c_char_p
        return {"found": True, "code": code, "why": library.nvmlErrorString(code).decode()}
    try:
        text = ctypes.create_string_buffer(96)
        library.nvmlSystemGetDriverVersion(text, 96)
        count = ctypes.c_uint(0)
        library.nvmlDeviceGetCount_v2(ctypes.byref(count))
        return {"found": True, "code": 0, "driver": text.value.decode(), "devices": count.value}
    finally:
        library.nvmlShutdown()
