"""What it ran on: speeds mean nothing without it."""

import os
import platform
from pathlib import Path


def describe() -> dict[str, str | int]:
    """Processor, cores, memory, Python, system."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_before": str(os.getloadavg()[0]),
    }
