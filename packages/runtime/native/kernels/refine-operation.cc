// TocoRefine: planes [channels,images,height,width], weights [offsets,images,height,width] -> output, of the shape of the
// planes: each pixel replaced `iterations` times by the weighted sum of those at `offsets` (y and x of each). Beyond the
// border the nearest pixel counts.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "refine.h"
#include "tensorflow.h"
#include "workers.h"

namespace toco {
namespace {

struct Kernel {
  int32_t threads = 1, iterations = 1;
  std::vector<int32_t> offsets;
  Kernel(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &threads, status);
    if (TF_GetCode(status) != TF_OK) return;
    TF_OpKernelConstruction_GetAttrInt32(construction, "iterations", &iterations, status);
    if (TF_GetCode(status) != TF_OK) return;
    int32_t count = 0, bytes = 0;
    TF_OpKernelConstruction_GetAttrSize(construction, "offsets", &count, &bytes, status);
    if (TF_GetCode(status) != TF_OK) return;
    offsets.resize(size_t(count));
    TF_OpKernelConstruction_GetAttrInt32List(construction, "offsets", offsets.data(), count, status);
  }
};

void compute(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *planes = call.input(0), *weights = call.input(1);
  if (call.fails()) return;
  const auto& own = *(const Kernel*)kernel;
  const int count = int(own.offsets.size() / 2);
  const char* sizes = "TocoRefine takes [channels,images,height,width] and weights [offsets,images,height,width]";
  if (TF_NumDims(planes) != 4 && call.fails(sizes)) return;
  const int channels = int(TF_Dim(planes, 0)), images = int(TF_Dim(planes, 1)), height = int(TF_Dim(planes, 2)),
            width = int(TF_Dim(planes, 3));
  const bool fits = own.offsets.size() % 2 == 0 && hasShape(weights, {count, images, height, width});
  if (!fits && call.fails(sizes)) return;
  auto* output = call.output<float>(0, TF_FLOAT, {channels, images, height, width});
  if (call.fails() || channels * images * height * width == 0) return;

  int reach = 0;
  for (int32_t offset : own.offsets) reach = std::max(reach, std::abs(offset));
  const size_t perRow = size_t((width + refineLanes - 1) / refineLanes) * size_t(count) * refineLanes;
  const size_t perPlane = PaddedPlanes::count(height, width, reach), pixels = size_t(height) * size_t(width);
  const auto rowAt = [&](int channel, int image, int y) {
    return (size_t(channel) * size_t(images) + size_t(image)) * pixels + size_t(y) * size_t(width);
  };
  const auto* values = (const float*)TF_TensorData(planes);
  const auto* shares = (const float*)TF_TensorData(weights);

  // Calls work(y) for all rows.
  using ForRows = std::function<void(const std::function<void(int)>&)>;
  const auto refineImage = [&](int image, const ForRows& forRows) {
    // Not set to 0: what counts is written before it is read.
    const auto make = [](size_t floats) { return std::unique_ptr<float[]>(new float[floats]); };
    const auto packed = make(size_t(height) * perRow);
    const std::unique_ptr<float[]> memory[2] = {make(refineChannels * perPlane), make(refineChannels * perPlane)};
    const PaddedPlanes turns[2] = {{height, width, reach, memory[0].get()}, {height, width, reach, memory[1].get()}};
    forRows([&](int y) {
      packWeights(shares + rowAt(0, image, y), size_t(images) * pixels, count, width, &packed[size_t(y) * perRow]);
    });
    for (int first = 0; first < channels; first += refineChannels) {
      const int some = std::min(channels - first, refineChannels);
      forRows([&](int y) {
        for (int c = 0; c < some; c++) {
          std::memcpy(turns[0].at(c, y, 0), values + rowAt(first + c, image, y), 4 * size_t(width));
          surround(turns[0], c, y);
        }
      });
      for (int i = 0; i < own.iterations; i++)
        forRows([&](int y) {
          refineRow(turns[i % 2], turns[(i + 1) % 2], some, &packed[size_t(y) * perRow], own.offsets.data(), count, y);
        });
      forRows([&](int y) {
        for (int c = 0; c < some; c++)
          std::memcpy(output + rowAt(first + c, image, y), turns[own.iterations % 2].at(c, y, 0), 4 * size_t(width));
      });
    }
  };
  if (images >= own.threads) {
    // An image stays with its thread.
    Workers::instance().run(own.threads, images, [&](int image) {
      refineImage(image, [&](const std::function<void(int)>& work) {
        for (int y = 0; y < height; y++) work(y);
      });
    });
  } else {
    for (int image = 0; image < images; image++)
      refineImage(image, [&](const std::function<void(int)>& work) {
        Workers::instance().run(own.threads, height, work);
      });
  }
}

}  // namespace

void registerRefine(TF_Status* status) {
  define({"TocoRefine",
          {"T: {float} = DT_FLOAT", "threads: int >= 1 = 1", "iterations: int >= 0", "offsets: list(int)"},
          {"planes: T", "weights: T"},
          {"output: T"},
          inferLikeInput},
         status);
  serve<Kernel>("TocoRefine", TF_FLOAT, compute, status);
}

}  // namespace toco
