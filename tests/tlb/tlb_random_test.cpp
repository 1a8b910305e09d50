// Random programs for the translation cache, judged by the list model of reference/tlb.
#include "reference/tlb/tlb_model.hpp"
#include "src/arch/x86_64.hpp"
#include "src/tlb/tlb.hpp"
#include "tests/tlb/dice.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace pagetwin {
namespace {

using F = X86_64_4;
constexpr std::uint64_t page = 4096;

// The line that the model has to be told of when the cache is given this leaf.
reference::TlbLine model_line(SpaceId space, std::uint64_t va, const TlbTranslation& leaf) {
  const std::uint64_t bytes = F::sizes[leaf.size].bytes(), inside = va & (bytes - 1);
  return {.space = raw(space),
          .global = leaf.attributes.global,
          .va = va - inside,
          .bytes = bytes,
          .pa = raw(leaf.pa) - inside,
          .rights = static_cast<std::uint32_t>(leaf.attributes.rights),
          .memory_type = leaf.attributes.memory_type,
          .key = leaf.attributes.key,
          .software = leaf.attributes.software,
          .accessed = leaf.flags.accessed,
          .dirty = leaf.flags.dirty};
}

class Program {
 public:
  Program(unsigned seed, std::size_t sets, unsigned ways)
      : dice_(seed), entries_(sets * ways), tlb_(entries_, ways), model_(48, true) {}

  void step() {
    const SpaceId space{static_cast<std::uint16_t>(dice_.below(3))};
    const std::uint64_t va = dice_.address();
    const std::uint64_t choice = dice_.below(40);
    if (choice < 22)
      fill(space, va);
    else if (choice < 32)
      invalidate_page(space, va);
    else if (choice < 38)
      invalidate_range(space, va, dice_.address());
    else if (choice == 38)
      invalidate_space(space);
    else if (dice_.one_in(4))
      invalidate_all();
    check();
  }
  // Lines that the cache holds of those that it may: equal while nothing had to go for want of a place.
  std::size_t held() const { return held_; }
  std::size_t allowed() const { return model_.lines().size(); }

 private:
  void fill(SpaceId space, std::uint64_t va) {
    TlbTranslation leaf;
    leaf.size = static_cast<unsigned>(dice_.below(3));
    const std::uint64_t inside = va & low_mask(F::sizes[leaf.size].log2_bytes);
    leaf.pa = PhysAddr{(dice_.below(1 << 20) << 30) + inside};
    leaf.attributes = {.rights = static_cast<Rights>(1 + dice_.below(15)),
                       .memory_type = static_cast<std::uint8_t>(dice_.below(8)),
                       .key = static_cast<std::uint8_t>(dice_.below(16)),
                       .global = dice_.one_in(5),
                       .software = static_cast<std::uint16_t>(dice_.below(1024))};
    leaf.flags = {dice_.one_in(2), dice_.one_in(2)};
    tlb_.fill(space, va, leaf);
    model_.fill(model_line(space, va, leaf));
    if (Geometry<F>::is_canonical(va)) {
      ASSERT_EQ(tlb_.lookup(space, va), leaf) << "just filled";
    }
  }
  void invalidate_page(SpaceId space, std::uint64_t va) {
    tlb_.invalidate_page(space, va);
    model_.invalidate_page(raw(space), va);
  }
  void invalidate_range(SpaceId space, std::uint64_t a, std::uint64_t b) {
    const auto [first, last] = std::minmax(a, b);
    tlb_.invalidate_range(space, first, last);
    model_.invalidate_range(raw(space), first, last);
  }
  void invalidate_space(SpaceId space) {
    tlb_.invalidate_space(space);
    model_.invalidate_space(raw(space));
  }
  void invalidate_all() {
    tlb_.invalidate_all();
    model_.invalidate_all();
  }
  // Every line that is there may be there, and every lookup answers from one that may.
  void check() {
    held_ = 0;
    tlb_.for_each([&](const TlbLine& line) {
      ++held_;
      const auto wanted = model_line(line.space, line.first, line.leaf);
      ASSERT_EQ(std::count(model_.lines().begin(), model_.lines().end(), wanted), 1);
    });
    const TlbCounters& c = tlb_.counters();
    ASSERT_EQ(c.fills, c.evictions + c.invalidations + held_);
    for (int probes = 0; probes < 6; ++probes)
      probe(SpaceId{static_cast<std::uint16_t>(dice_.below(3))}, dice_.address() + dice_.below(page));
  }
  void probe(SpaceId space, std::uint64_t va) {
    const auto hit = tlb_.lookup(space, va);
    if (!hit)
      return;
    const auto allowed = model_.may_hit(raw(space), va);
    if (!allowed)
      FAIL() << std::hex << va;
    const SpaceId owner{static_cast<std::uint16_t>(allowed->space)};
    ASSERT_EQ(model_line(owner, va, *hit), *allowed) << std::hex << va;
  }

  Dice dice_;
  std::vector<TlbEntry> entries_;
  Tlb<F> tlb_;
  reference::TlbModel model_;
  std::size_t held_ = 0;
};

TEST(TlbRandom, HoldsOnlyWhatTheModelAllows) {
  for (const auto& [sets, ways] : {std::pair{1, 1}, {1, 3}, {4, 2}, {16, 1}, {64, 4}, {1024, 2}})
    for (unsigned seed = 0; seed < 12; ++seed) {
      Program program(seed, static_cast<std::size_t>(sets), static_cast<unsigned>(ways));
      for (int step = 0; step < 400; ++step) {
        program.step();
        ASSERT_FALSE(HasFatalFailure())
            << "seed " << seed << " step " << step << " sets " << sets << " ways " << ways;
      }
    }
}

TEST(TlbRandom, HoldsAllThatTheModelAllowsWhileThereIsRoom) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    Program program(seed, 1, 300);
    for (int step = 0; step < 290; ++step) {
      program.step();
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " step " << step;
      ASSERT_EQ(program.held(), program.allowed());
    }
  }
}

} // namespace
} // namespace pagetwin
