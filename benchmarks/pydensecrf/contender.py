"""The dense CRF of pydensecrf on one image: answers each line of its input with the processor time of one run.

    contender.py FOLDER HEIGHT WIDTH CLASSES OPTIONS

FOLDER has `image` (bytes) and `probabilities` (32-bit floats); `q` is written there after the first run.
"""

import json
import sys
import time
from pathlib import Path

import numpy
from pydensecrf import densecrf

folder = Path(sys.argv[1])
height, width, classes = map(int, sys.argv[2:5])
options = json.loads(sys.argv[5])
image = numpy.fromfile(folder / "image", numpy.uint8).reshape(height, width, 3)
probabilities = numpy.fromfile(folder / "probabilities", numpy.float32).reshape(-1, classes)


def run():
    # as WSSS projects call it, the unary included
    crf = densecrf.DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(numpy.ascontiguousarray(-numpy.log(probabilities.T.clip(1e-5, 1))))
    crf.addPairwiseGaussian(sxy=options["gaussian"]["sigmaXy"], compat=options["gaussian"]["weight"])
    crf.addPairwiseBilateral(
        sxy=options["bilateral"]["sigmaXy"],
        srgb=options["bilateral"]["sigmaRgb"],
        rgbim=image,
        compat=options["bilateral"]["weight"],
    )
    return numpy.array(crf.inference(options["iterations"])).T


numpy.ascontiguousarray(run(), numpy.float32).tofile(folder / "q")
print("ready", flush=True)
for _ in sys.stdin:
    start = time.process_time()
    run()
    print(1e3 * (time.process_time() - start), flush=True)
