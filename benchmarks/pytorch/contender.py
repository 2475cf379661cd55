"""One side of the benchmark: a process that does one iteration, or one measurement, per line on its input.

    contender.py --inputs FILE --form original|deduplicated --precision f32|bf16
    contender.py --inputs FILE ... --rank I --processes N [--meet HOST:PORT]
                                      computes part I of N of the batch; all parts together reduce gradients where they meet
    contender.py --check FOLDER       compares both forms with the recorded trajectories of FOLDER
"""

import argparse
import json
import sys
import time

import torch
from torch import distributed

from check import check
from iteration import Iteration, nchw
from tensor_file import read_safetensors


def load(path, device, *, rank=0, processes=1):
    with torch.device("cpu"):
        tensors, metadata = read_safetensors(path)
    tensors = {key: value.to(device) for key, value in tensors.items()}
    batch = {key[len("batch.") :]: value for key, value in tensors.items() if key.startswith("batch.")}
    batch = {key: value.chunk(processes)[rank] for key, value in batch.items()}
    for key in ("images", "globalView", "localSource"):
        batch[key] = nchw(batch[key])
    weights = {key[len("weights.") :]: value for key, value in tensors.items() if key.startswith("weights.")}
    return json.loads(metadata["config"]), batch, weights


@torch.inference_mode()
def matrix_product_peak(size, precision):
    """GFLOP/s of the best of several square products."""
    dtype = torch.float32 if precision == "f32" else torch.bfloat16
    a, b = (torch.rand(size, size).to(dtype) for _ in range(2))
    out = torch.empty_like(a)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(a, b, out=out)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


class Reduction:
    """The means of all gradients alone, in buckets as DistributedDataParallel sends them."""

    def __init__(self, network, bucket_bytes=25 * 2**20):
        sizes = [p.numel() for p in network.parameters() if p.requires_grad]
        self.bytes = 4 * sum(sizes)
        flat = torch.zeros(sum(sizes))
        self.buckets = flat.split(bucket_bytes // 4)

    def run(self):
        works = [distributed.all_reduce(bucket, async_op=True) for bucket in self.buckets]
        for work in works:
            work.wait()
        for bucket in self.buckets:
            bucket.div_(distributed.get_world_size())


def serve(options):
    config, batch, weights = load(options.inputs, options.device, rank=options.rank, processes=options.processes)
    iteration = Iteration(config, weights, form=options.form, precision=options.precision)
    del weights
    reduction = None
    if options.meet:
        distributed.init_process_group(
            "gloo", init_method=f"tcp://{options.meet}", rank=options.rank, world_size=options.processes
        )
        iteration.share()
        reduction = Reduction(iteration.network)

    def say(answer):
        print(json.dumps(answer), flush=True)

    say({"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "step":
            start, processor_start = time.perf_counter(), time.process_time()
            losses = iteration.step(batch)
            say(
                {
                    "milliseconds": 1000 * (time.perf_counter() - start),
                    "processorMilliseconds": 1000 * (time.process_time() - processor_start),
                    "losses": losses,
                }
            )
        elif request["command"] == "reduce":
            start, processor_start = time.perf_counter(), time.process_time()
            reduction.run()
            say(
                {
                    "milliseconds": 1000 * (time.perf_counter() - start),
                    "processorMilliseconds": 1000 * (time.process_time() - processor_start),
                    "bytes": reduction.bytes,
                }
            )
        elif request["command"] == "peak":
            say({"gflops": matrix_product_peak(request["size"], request["precision"])})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs")
    parser.add_argument("--form", choices=["original", "deduplicated"])
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--meet", metavar="HOST:PORT")
    parser.add_argument("--check", metavar="FOLDER")
    options = parser.parse_args()
    torch.set_flush_denormal(True)  # as TensorFlow does
    torch.set_default_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.check is None:
        serve(options)
        return
    missed = 0
    for form in [options.form] if options.form else ["original", "deduplicated"]:
        for quantity, error, bound in check(options.check, form):
            good = error <= bound
            missed += not good
            print(f"{'ok  ' if good else 'MISS'} {quantity}: {error:.1e} (bound {bound:.0e})")
    print(f"{missed} beyond their bounds")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
