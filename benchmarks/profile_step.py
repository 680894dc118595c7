"""Where a step's time goes on a GPU: `python benchmarks/profile_step.py`; writes results/profile-cuda.json and a table.

For one model and for a sweep of twenty (the recipe for 100 labels, the paper's networks, TF32, recorded): milliseconds
a step, kernels a step, the ten kernels that take most time, and two floors. No step is faster than moving each number
of parameters, gradients and optimizer state once (by the bandwidth of a copy on this card), nor than its matrix
products (by the rate of a large one here).
"""

import argparse
import os
import time
from typing import Any

import torch

os.environ["BENCH_DEVICE"] = "cuda"  # before the contenders are imported
STEPS = 50  # of one recorded graph
BYTES = 32  # an update reads parameter, gradient and two moments, and writes all but the gradient, which is made before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    import contenders as c
    from aae_lib.paper.machine import versions
    from bench import store, this_machine

    ceilings = {"copy_bytes_per_s": copy_rate(), "product_flops_per_s": product_rate()}
    rows = []
    for make in (c.OursFast, c.FewFast, c.Few20Fast):
        rows.append(profiled(make, (1000, 1000), ceilings))
        print(rows[-1]["name"], rows[-1]["ms"], "ms a step", flush=True)
    result = {
        "command": "python benchmarks/profile_step.py",
        "machine": this_machine("cuda"),
        "versions": versions(),
        "ceilings": ceilings,
        "rows": rows,
    }
    begin, end = (f"<!-- {mark} of profile_step.py -->" for mark in ("table", "end"))
    store(result, "profile-cuda.json", table(result), begin, end)


def profiled(make: Any, hidden: tuple[int, ...], ceilings: dict[str, float]) -> dict[str, Any]:
    """Times and kernels of one contender."""
    from contenders import random_images
    from limit import Counter

    torch.manual_seed(0)
    contender = make(hidden, random_images(6_000))
    began = time.perf_counter()
    contender.run(steps=STEPS, progress=False)
    recording = time.perf_counter() - began
    ms = min(1e3 * contender.timed(4 * STEPS) / (4 * STEPS) for _ in range(3))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiler:
        contender.run(steps=STEPS, progress=False)
        torch.cuda.synchronize()
    kernels = [k for k in profiler.key_averages() if k.self_device_time_total > 0]
    kernels.sort(key=lambda k: -k.self_device_time_total)
    alone = make.__mro__[1] if make.members > 1 else make  # counted for one model, step by step
    trainer = contender.trainers[0]
    moved = sum(p.numel() for phase in trainer.parameters.values() for p in phase.values())
    one = type("One", (alone,), {"members": 1, "graph": False})(hidden, random_images(1_000))
    with Counter() as counter:
        one.run(steps=1, progress=False)
    work = 2 * counter.multiply_adds * make.members
    return {
        "name": contender.name,
        "members": make.members,
        "recording_s": round(recording, 2),
        "ms": round(ms, 3),
        "kernels": round(sum(k.count for k in kernels) / STEPS, 1),
        "kernel_ms": round(sum(k.self_device_time_total for k in kernels) / 1e3 / STEPS, 3),
        "floor_by_bytes_ms": round(1e3 * BYTES * moved * make.members / ceilings["copy_bytes_per_s"], 3),
        "floor_by_operations_ms": round(1e3 * work / ceilings["product_flops_per_s"], 3),
        "slowest": [
            {
                "kernel": k.key[:100],
                "a_step": round(k.count / STEPS, 2),
                "ms": round(k.self_device_time_total / 1e3 / STEPS, 4),
            }
            for k in kernels[:12]
        ],
    }  # fmt: skip


def seconds_of(work: Any, repeats: int) -> float:
    """Median seconds of a piece of work on the GPU."""
    times = []
    for _ in range(repeats + 2):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return sorted(times[2:])[repeats // 2]


def copy_rate() -> float:
    """Bytes read and written a second by a large copy on the card."""
    source = torch.randn(2**28, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds_of(lambda: target.copy_(source), 9)


def product_rate() -> float:
    """Floating-point operations a second of a large TF32 matrix product."""
    from aae_lib.precision import products

    a, b = (torch.randn(8192, 8192, device="cuda") for _ in range(2))
    with products("tf32"):
        return 2 * 8192**3 / seconds_of(lambda: a @ b, 9)


def table(result: dict[str, Any]) -> str:
    """The Markdown of the README."""
    from bench import described

    copy, product = result["ceilings"].values()
    lines = [
        f"{described(result)}. A copy on this card moves {copy / 1e12:.2f} TB/s, a large TF32 product does "
        f"{product / 1e12:.0f} TFLOP/s.",
        "",
        "| 784-1000-1000-2 | ms a step | a model | kernels a step | floor by bytes, ms | by operations, ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        lines.append(
            f"| {row['name']} | {row['ms']:.2f} | {row['ms'] / row['members']:.2f} | {row['kernels']:.0f} "
            f"| {row['floor_by_bytes_ms']:.2f} | {row['floor_by_operations_ms']:.2f} |"
        )
    for row in result["rows"]:
        lines += ["", f"The kernels of *{row['name']}* that take most time:", ""]
        lines += ["| kernel | a step | ms |", "|---|---:|---:|"]
        lines += [f"| `{k['kernel'][:70]}` | {k['a_step']:g} | {k['ms']:.3f} |" for k in row["slowest"][:10]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
