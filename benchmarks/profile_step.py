"""Where a step's time goes on a GPU: `python benchmarks/profile_step.py`; writes results/profile-cuda.json and a table.

For one model and for a sweep of twenty (the recipe for 100 labels, the paper's networks, TF32, recorded): milliseconds
a step, kernels a step, the ten kernels that take most time, and two floors. No step is faster than moving each number
of parameters, gradients and optimizer state once (by the bandwidth of a copy on this card), nor than its matrix
products (by the rate of a large one here).
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import torch

STEPS = 50  # of one recorded graph
BYTES = 32  # an update reads parameter, gradient and two moments, and writes all but the gradient, which is made before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"), help="on the CPU only to try it")
    parser.add_argument("--quick", action="store_true", help="small networks: does it run?")
    parser.add_argument("--out", type=Path, help="folder for the figures, instead of results/ and the README")
    options = parser.parse_args()
    os.environ["BENCH_DEVICE"] = options.device  # before the contenders are imported
    import contenders as c
    from aae_lib.paper.machine import versions
    from bench import store, this_machine

    cuda, hidden, size = options.device == "cuda", (1000, 1000), 8192
    makes: tuple[Any, ...] = (c.OursFast, c.FewFast, c.Few20Fast)
    steps = STEPS
    if options.quick:
        hidden, size, steps = (16, 16), 256, 2
    if not cuda:
        makes = (c.Ours, c.Few)
    ceilings = {
        "copy_bytes_per_s": copy_rate(options.device, size**2),
        "product_flops_per_s": product_rate(options.device, size),
    }
    rows = []
    for make in makes:
        rows.append(profiled(make, hidden, ceilings, cuda, steps))
        print(rows[-1]["name"], rows[-1]["ms"], "ms a step", flush=True)
    result = {
        "command": "python benchmarks/profile_step.py",
        "machine": this_machine(options.device),
        "versions": versions(),
        "ceilings": ceilings,
        "rows": rows,
    }
    begin, end = (f"<!-- {mark} of profile_step.py -->" for mark in ("table", "end"))
    store(result, f"profile-{options.device}.json", table(result), begin, end, options.out)


def profiled(make: Any, hidden: tuple[int, ...], ceilings: dict[str, float], cuda: bool, steps: int) -> dict[str, Any]:
    """Times and kernels of one contender."""
    from contenders import random_images
    from limit import Counter

    torch.manual_seed(0)
    # 50 steps an epoch, as many as one recording holds
    contender = make(hidden, random_images(5_000))
    began = time.perf_counter()
    contender.run(steps=steps, progress=False)
    recording = time.perf_counter() - began
    ms = min(1e3 * contender.timed(4 * steps) / (4 * steps) for _ in range(3))
    activity = torch.profiler.ProfilerActivity.CUDA if cuda else torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[activity], acc_events=True) as profiler:
        contender.timed(steps)
    taken = [(k.self_device_time_total if cuda else k.self_cpu_time_total, k) for k in profiler.key_averages()]
    kernels = sorted(((us, k) for us, k in taken if us > 0), key=lambda found: -found[0])
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
        "kernels": round(sum(k.count for _, k in kernels) / steps, 1),
        "kernel_ms": round(sum(us for us, _ in kernels) / 1e3 / steps, 3),
        "floor_by_bytes_ms": round(1e3 * BYTES * moved * make.members / ceilings["copy_bytes_per_s"], 3),
        "floor_by_operations_ms": round(1e3 * work / ceilings["product_flops_per_s"], 3),
        "slowest": [
            {
                "kernel": k.key[:100],
                "a_step": round(k.count / steps, 2),
                "ms": round(us / 1e3 / steps, 4),
            }
            for us, k in kernels[:12]
        ],
    }  # fmt: skip


def seconds_of(work: Any, device: str, repeats: int = 9) -> float:
    """Median seconds of a piece of work."""
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return sorted(times[2:])[repeats // 2]


def copy_rate(device: str, size: int) -> float:
    """Bytes read and written a second by a large copy of 4 · size numbers."""
    source = torch.randn(4 * size, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / seconds_of(lambda: target.copy_(source), device)


def product_rate(device: str, size: int) -> float:
    """Floating-point operations a second of a large matrix product, in TF32 where there is such a thing."""
    from aae_lib.precision import products

    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    with products("tf32"):
        return 2 * size**3 / seconds_of(lambda: a @ b, device)


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
