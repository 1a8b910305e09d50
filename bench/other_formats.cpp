// Lookups and map_range of the formats that are a size of another one: enough to see that they are as fast.
#include "bench/edits.hpp"
#include "bench/floor.hpp"
#include "bench/lists.hpp"
#include "bench/ours.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"

namespace pagetwin::bench {

namespace {

template <Format F>
void add_format() {
  add_duels<Ours<F>, RawFor<F>>(List<W2<Dependent::no>, W3<Dependent::no>, W7>{});
}

} // namespace

void add_other_formats() {
  add_format<Ept5>();
  add_format<RiscvSv48x4>();
  add_format<RiscvSv57x4>();
  add_format<Aarch64S1_4kLpa2>();
  add_format<Aarch64S1_16kLpa2>();
  // Of these two, superpages as W4 and W8 have them are more than the addresses reach.
  add_format<Aarch64S2_16k>();
  add_format<Aarch64S2_64k>();
}

} // namespace pagetwin::bench
