// Every lookup through an Mmu, for the formats that have goals, and what its caches do one by one.
#include "bench/cached.hpp"
#include "bench/lists.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

namespace pagetwin::bench {
namespace {

template <Format F, class... Caching>
void add_format() {
  (add_duels<Cached<F, Caching>, RawFor<F>>(Lookups{}), ...);
}

} // namespace

void add_cached() {
  add_format<X86_64_4, Adaptive, NoCache, WalkCacheOnly, TlbOnly>();
  add_format<Aarch64S1_4k, Adaptive, NoCache, WalkCacheOnly, TlbOnly>();
  add_format<Aarch64S2_4k, Adaptive, NoCache, WalkCacheOnly, TlbOnly>();
  add_format<RiscvSv48, Adaptive, NoCache, WalkCacheOnly, TlbOnly>();
}

} // namespace pagetwin::bench
