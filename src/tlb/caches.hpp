// The TLB and the walk cache in front of one Mmu, each behind a gate that says when it is asked. Knows no
// table and reads no memory. An invalidation reaches both caches whether they are asked or rest, so that
// nothing stale is there when a rest ends.
#pragma once

#include "src/tlb/gate.hpp"
#include "src/tlb/invalidation.hpp"
#include "src/tlb/tlb.hpp"
#include "src/tlb/walk_cache.hpp"

namespace pagetwin {

// The default asks each as long as it pays. A walk cache without entries is never asked.
struct CacheRules {
  GateRule tlb{}, walk_cache{};
};

template <Format F>
class Caches {
 public:
  Caches(const Tlb<F>& tlb, const WalkCache<F>& walk_cache, CacheRules rules)
      : tlb_gate_(rules.tlb), walk_gate_(walk_cache.entries() == 0 ? GateRule::never() : rules.walk_cache),
        tlb_(tlb), walk_cache_(walk_cache) {}

  [[nodiscard]] Tlb<F>& tlb() { return tlb_; }
  [[nodiscard]] const Tlb<F>& tlb() const { return tlb_; }
  [[nodiscard]] WalkCache<F>& walk_cache() { return walk_cache_; }
  [[nodiscard]] const WalkCache<F>& walk_cache() const { return walk_cache_; }

  // Once a lookup: is the cache left out? If not, it is asked, and told when it missed.
  [[nodiscard, gnu::always_inline]] inline bool tlb_rests() { return tlb_gate_.rests(); }
  [[nodiscard, gnu::always_inline]] inline bool walk_cache_rests() { return walk_gate_.rests(); }
  void tlb_missed() { tlb_gate_.missed(tlb_.counters().hits); }
  void walk_cache_missed() { walk_gate_.missed(walk_cache_.counters().hits); }

  void invalidate(const Invalidation& i) { apply(i, tlb_, walk_cache_); }
  // Global lines stay.
  void invalidate_space(SpaceId space) {
    walk_cache_.invalidate_space(space);
    tlb_.invalidate_space(space);
  }
  void invalidate_all() {
    walk_cache_.invalidate_all();
    tlb_.invalidate_all();
  }

 private:
  Gate tlb_gate_, walk_gate_;
  Tlb<F> tlb_;
  WalkCache<F> walk_cache_;
};

} // namespace pagetwin
