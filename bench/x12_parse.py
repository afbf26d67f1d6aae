"""How fast X12 is cut into checked envelopes and segments with elements, ours beside pyx12; prints one line of JSON.

Both read generated 850s from memory to every element of every segment: ours 15 MB, pyx12 (`X12Reader`, the reader without
its maps) 1 MB. The best of some runs counts; other work on the machine only ever slows a run down.
"""

import io
import json
import sys
import time
from collections.abc import Callable

from tieout.formats.x12 import Interchange, cut, parse, read_set

OURS_BYTES = 15_000_000
THEIRS_BYTES = 1_000_000
RUNS = 3
LIMIT = 16 * 1024 * 1024


def purchase_orders(size: int) -> bytes:
    """One interchange of 850s with eight lines each, of about `size` bytes."""
    parts = [
        f"ISA*00*          *00*          *ZZ*{'BUYER':<15}*ZZ*{'TIEOUT':<15}*240105*0930*U*00401*000000001*0*P*>~\n",
        "GS*PO*BUYER*TIEOUT*20240105*0930*1*X*004010~\n",
    ]
    count = written = 0
    while written < size:
        count += 1
        order = _purchase_order(count)
        parts.append(order)
        written += len(order)
    return "".join([*parts, f"GE*{count}*1~\n", "IEA*1*000000001~\n"]).encode()


def _purchase_order(number: int) -> str:
    segments = [
        f"ST*850*{number:06d}",
        f"BEG*00*SA*PO{number:08d}**20240105",
        "REF*DP*038",
        "DTM*010*20240115",
        "N1*BY*BIG BUYER INC*92*0001",
        "N1*ST*STORE 12*92*0012",
        *(f"PO1*{line}*{line * 3}*EA*12.34*PE*VN*SKU{line:05d}*UP*012345678905" for line in range(1, 9)),
        "CTT*8",
    ]
    segments.append(f"SE*{len(segments) + 1}*{number:06d}")
    return "".join(f"{segment}~\n" for segment in segments)


def ours(raw: bytes) -> int:
    """Cut the stream, check the envelopes, read every set; the number of elements."""
    elements = 0
    for piece in cut(io.BytesIO(raw), LIMIT):
        found = parse(piece.raw)
        assert isinstance(found, Interchange)
        for group in found.groups:
            for each in group.sets:
                segments = read_set(found, each)
                assert isinstance(segments, list)
                elements += sum(len(segment.elements) for segment in segments)
    return elements


def theirs(raw: bytes) -> int:
    """The same with pyx12's reader."""
    from pyx12.x12file import X12Reader

    return sum(len(segment) for segment in X12Reader(io.StringIO(raw.decode())))


def speed(read: Callable[[bytes], int], raw: bytes) -> float:
    """Megabytes a second, best of `RUNS`."""
    best = 0.0
    for _ in range(RUNS):
        began = time.perf_counter()
        assert read(raw)
        best = max(best, len(raw) / (time.perf_counter() - began) / 1e6)
    return round(best, 2)


def measure() -> dict[str, float]:
    """Both speeds in megabytes a second; pyx12 only where it is installed."""
    found = {"x12_mb_per_s": speed(ours, purchase_orders(OURS_BYTES))}
    try:
        found["pyx12_mb_per_s"] = speed(theirs, purchase_orders(THEIRS_BYTES))
    except ImportError:
        print("pyx12 is not installed; it is left out", file=sys.stderr)
    return found


if __name__ == "__main__":
    print(json.dumps(measure()))
