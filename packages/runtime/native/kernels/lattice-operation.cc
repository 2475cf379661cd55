// TocoLatticeFilter: values [images,height,width,channels], offsets and weights [images,points,corners], neighbors
// [corners,2,images * rows] -> output, of the shape of the values

#include <atomic>

#include "lattice.h"
#include "tensorflow.h"
#include "workers.h"

namespace toco {
namespace {

struct Kernel {
  int32_t threads = 1;
  unsigned char reverse = 0;
  Kernel(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &threads, status);
    if (TF_GetCode(status) == TF_OK)
      TF_OpKernelConstruction_GetAttrBool(construction, "reverse", &reverse, status);
  }
};

void compute(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *values = call.input(0), *offsets = call.input(1), *weights = call.input(2),
                  *neighbors = call.input(3);
  if (call.fails()) return;
  const char* sizes = "TocoLatticeFilter: sizes of values and lattice do not fit";
  if ((TF_NumDims(values) != 4 || TF_NumDims(offsets) != 3) && call.fails(sizes)) return;
  const int64_t images = TF_Dim(values, 0), height = TF_Dim(values, 1), width = TF_Dim(values, 2),
                channels = TF_Dim(values, 3), points = height * width, corners = TF_Dim(offsets, 2);
  const int64_t all = TF_NumDims(neighbors) == 3 ? TF_Dim(neighbors, 2) : 0, rows = images > 0 ? all / images : 0;
  const bool fits = hasShape(offsets, {images, points, corners}) && hasShape(weights, {images, points, corners}) &&
                    hasShape(neighbors, {corners, 2, images * rows}) && corners > 0 && corners < 31;
  if (!fits && call.fails(sizes)) return;
  auto* output = call.output<float>(0, TF_FLOAT, {images, height, width, channels});
  if (call.fails()) return;
  const LatticeShape shape = {int(images), int(points), int(channels), int(corners), int(rows)};
  std::atomic<bool> valid{true};
  const auto* own = (Kernel*)kernel;
  Workers::instance().run(own->threads, int(images), [&](int image) {
    if (!filterLattice(shape, image, (const float*)TF_TensorData(values), (const int32_t*)TF_TensorData(offsets),
                       (const float*)TF_TensorData(weights), (const int32_t*)TF_TensorData(neighbors), own->reverse,
                       output))
      valid = false;
  });
  if (!valid) call.fails("TocoLatticeFilter: an index leads out of the rows of its image");
}

}  // namespace

void registerLatticeFilter(TF_Status* status) {
  define({"TocoLatticeFilter",
          {"T: {float} = DT_FLOAT", "threads: int >= 1 = 1", "reverse: bool = false"},
          {"values: T", "offsets: int32", "weights: float", "neighbors: int32"},
          {"output: T"},
          inferLikeInput},
         status);
  serve<Kernel>("TocoLatticeFilter", TF_FLOAT, compute, status);
}

}  // namespace toco
