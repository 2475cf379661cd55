"""Runs a training step of toco, exported as HLO, through JAX: python hlo.py FOLDER [--steps N]

Needs jax and numpy alone: no network, no TensorFlow, no Node. FOLDER is what `pnpm bench hlo --out FOLDER` wrote. Compares the
losses of the first steps with those that TensorFlow gave on a CPU, times the steps after them, and prints a table. With torch in
the same Python, the same iteration in PyTorch is timed beside it, on the same kind of device.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # leaves memory for PyTorch

import jax
import numpy as np
from jax._src.lib import xla_client

DTYPES = {"F32": np.float32, "I32": np.int32, "U8": np.uint8, "BOOL": np.bool_}


def read_safetensors(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = file.read()
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            arrays[name] = np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def write_safetensors(path, arrays, metadata):
    header, offset = {"__metadata__": metadata}, 0
    for name, array in arrays.items():
        dtype = next(key for key, value in DTYPES.items() if array.dtype == value)
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def drawn(seed, shape, mean, scale, dtype="float32"):
    """The values that drawn-values.ts draws: 32 well-mixed bits of place and seed, between mean - scale and mean + scale."""
    count = int(np.prod(shape, dtype=np.int64))
    if scale == 0:
        return np.full(shape, mean, dtype)
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) + np.uint32(seed) * np.uint32(0x9E3779B9)
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
        x ^= x >> np.uint32(16)
    unit = (x.astype(np.float64) / 2**31 - 1).astype(np.float32)
    return (np.float32(mean) + np.float32(scale) * unit).reshape(shape)


def inner_module(proto):
    """The HloModuleProto, field 1 of an HloProto."""
    if proto[0] != 0x0A:
        raise ValueError("step.hlo.pb does not begin with a module")
    length = shift = 0
    for at in range(1, 11):
        length |= (proto[at] & 127) << shift
        shift += 7
        if proto[at] < 128:
            return proto[at + 1 : at + 1 + length]
    raise ValueError("step.hlo.pb is damaged")


def run_jax(folder, description, steps):
    device = jax.devices()[0]
    module = xla_client._xla.mlir.hlo_to_stablehlo(inner_module((folder / "step.hlo.pb").read_bytes()))
    start = time.perf_counter()
    devices = xla_client.DeviceList((device,)) if hasattr(xla_client, "DeviceList") else [device]
    executable = device.client.compile_and_load(module, devices, xla_client.CompileOptions())
    compiled = time.perf_counter() - start

    batch = read_safetensors(folder / "batch.safetensors")
    feeds = [jax.device_put(batch[feed["path"]], device) for feed in description["feeds"]]
    state = [
        jax.device_put(drawn(i, leaf["shape"], leaf["mean"], leaf["scale"], leaf["dtype"]), device)
        for i, leaf in enumerate(description["state"])
    ]
    names, assigned = description["outputs"], description["assigned"]

    def step():
        nonlocal state
        results = executable.execute_sharded([*feeds, *state])
        outputs = [shards[0] for shards in results.disassemble_into_single_device_arrays()]
        losses = {name: float(value) for name, value in zip(names, outputs)}  # waits for them
        for place, value in zip(assigned, outputs[len(names) :], strict=True):
            state[place] = value
        jax.block_until_ready(state)
        return losses

    losses = [step() for _ in description["losses"]]
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    statistics_of = device.memory_stats() or {}
    return {
        "device": f"{device.device_kind} ({device.platform}), jax {jax.__version__}",
        "platform": device.platform,
        "compiled": compiled,
        "milliseconds": statistics.median(times),
        "losses": losses,
        "peak": statistics_of.get("peak_bytes_in_use"),
    }


def furthest(losses, recorded):
    """(difference, step, term) of the loss that is furthest, relative to the recorded one or to 0.001."""
    differences = [
        (abs(losses[step][term] - value) / max(abs(value), 1e-3), step + 1, term)
        for step, terms in enumerate(recorded)
        for term, value in terms.items()
    ]
    return max(differences, key=lambda entry: float("inf") if entry[0] != entry[0] else entry[0])


def run_torch(folder, description, platform, steps):
    """Median milliseconds of both forms; None where this Python has no torch, or it can't use the device."""
    device = "cpu" if platform == "cpu" else "cuda"
    check = "import torch, sys; sys.exit(0 if sys.argv[1] == 'cpu' or torch.cuda.is_available() else 1)"
    if subprocess.run([sys.executable, "-c", check, device], capture_output=True).returncode != 0:
        return None
    batch = {f"batch.{name}": array for name, array in read_safetensors(folder / "batch.safetensors").items() if "." not in name}
    weights = {
        f"weights.{leaf['path']}": drawn(i, leaf["shape"], leaf["mean"], leaf["scale"])
        for i, leaf in enumerate(description["checkpoint"])
    }
    times = {}
    with tempfile.TemporaryDirectory() as scratch:
        inputs = Path(scratch) / "inputs.safetensors"
        write_safetensors(inputs, {**batch, **weights}, {"config": json.dumps(description["config"])})
        for form in ("deduplicated", "original"):
            command = [sys.executable, "-B", str(folder / "pytorch" / "contender.py"), "--inputs", str(inputs)]
            command += ["--form", form, "--precision", description["precision"], "--device", device]
            requests = '{"command": "step"}\n' * (steps + 2)
            done = subprocess.run(command, input=requests, capture_output=True, text=True)
            if done.returncode != 0:
                times[form] = done.stderr.strip().split("\n")[-1]
                continue
            answers = [json.loads(line) for line in done.stdout.splitlines()][3:]
            times[form] = statistics.median(answer["milliseconds"] for answer in answers)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--without-torch", action="store_true")
    options = parser.parse_args()
    description = json.loads((options.folder / "step.json").read_text())
    result = run_jax(options.folder, description, options.steps)
    difference, step, term = furthest(result["losses"], description["losses"])
    tolerance = 1e-4 if result["platform"] == "cpu" and description["precision"] == "f32" else 2e-3
    right = difference <= tolerance
    pytorch = (
        None
        if options.without_torch
        else run_torch(options.folder, description, result["platform"], options.steps)
    )
    if options.json:
        print(json.dumps({**result, "difference": difference, "right": right, "pytorch": pytorch}))
    else:
        print(f"{description['title']} on {result['device']}")
        print(f"{'compiling':<34}{result['compiled']:>10.1f} s")
        print(f"{'an iteration, HLO through JAX':<34}{result['milliseconds']:>10.1f} ms")
        for form, time_of in (pytorch or {}).items():
            figure = time_of if isinstance(time_of, str) else f"{time_of:>10.1f} ms"
            print(f"{f'an iteration, PyTorch, {form}':<34}{figure}")
        if pytorch is None:
            print("PyTorch: not here")
        if result["peak"]:
            print(f"{'memory at its peak':<34}{result['peak'] / 2**30:>10.2f} GiB")
        print(f"losses {'as recorded on a CPU' if right else 'NOT as recorded'}: furthest {term} of step {step} by {difference:.1e} (allowed {tolerance:.0e})")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
