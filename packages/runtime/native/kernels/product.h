// Products of matrices of bfloat16: what is computed, and by which instructions.
#pragma once

namespace toco {

// C [rows,columns] = A B + bias with A [rows,steps] or, transposed, [steps,rows], and B [steps,columns] or [columns,steps]; all
// dense, row-major and of bfloat16. Sums are of float32, in an order that depends on nothing but the number of steps.
struct ProductShape {
  int rows, columns, steps;
  bool transposeA, transposeB;
};

#if defined(__x86_64__)
namespace amx_bf16 {
// Number of parts that do not depend on one another, for so many threads.
int productUnits(const ProductShape&, int threads);
// Computes one of them; `bias` [columns] may be null.
void product(const ProductShape&, int threads, int unit, const void* a, const void* b, const void* bias, void* c);
}  // namespace amx_bf16

// Whether products by tiles are on small matrices what the same in double precision gives.
bool areProductsRight();
#endif

}  // namespace toco
