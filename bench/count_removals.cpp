// As in count.cpp, the counted functions are extern "C" and all preparation is outside them. Of them N is not
// the number of times, but what the cost of a mapping that goes must not depend on: how many others there
// are.
#include "bench/count_removals.hpp"

#include "bench/derived.hpp"
#include "src/arch/x86_64.hpp"

namespace {

using namespace pagetwin::bench;
using Spaces = L4<pagetwin::X86_64_4>;
using OneCrowd = Crowd<pagetwin::X86_64_4>;

constexpr std::uint64_t few = 64;

} // namespace

extern "C" {
[[gnu::noinline]] std::uint64_t pagetwin_count_unmap(Spaces& l4, std::uint64_t) { return l4.unmap(0, 0); }
[[gnu::noinline]] std::uint64_t pagetwin_count_flush(Spaces& l4, std::uint64_t) {
  return l4.flush(1, Spaces::va);
}
// From the middle on, so that none is the first or the last that was derived.
[[gnu::noinline]] std::uint64_t pagetwin_count_flush_few(Spaces& l4, std::uint64_t derived) {
  std::uint64_t bits = 0;
  for (std::uint64_t i = 0; i < few; ++i)
    bits += l4.flush(1, Spaces::va + (derived / 2 + i) * Spaces::page);
  return bits;
}
[[gnu::noinline]] std::uint64_t pagetwin_count_unmap_beside(OneCrowd& crowd) { return crowd.remove_all(); }
}

namespace pagetwin::bench {
namespace {

template <auto Function, Shape How>
std::uint64_t removed(std::uint64_t derived) {
  Spaces l4({derived, 2});
  derive(l4, How, 0, Spaces::va, derived);
  const std::uint64_t before = l4.mapped();
  (void)Function(l4, derived);
  return before - l4.mapped();
}

} // namespace

std::uint64_t count_unmap_wide(std::uint64_t derived) {
  return removed<pagetwin_count_unmap, Shape::wide>(derived);
}
std::uint64_t count_unmap_deep(std::uint64_t derived) {
  return removed<pagetwin_count_unmap, Shape::deep>(derived);
}
std::uint64_t count_flush_wide(std::uint64_t derived) {
  return removed<pagetwin_count_flush, Shape::wide>(derived);
}
std::uint64_t count_flush_deep(std::uint64_t derived) {
  return removed<pagetwin_count_flush, Shape::deep>(derived);
}
std::uint64_t count_flush_few(std::uint64_t derived) {
  return removed<pagetwin_count_flush_few, Shape::wide>(derived);
}
std::uint64_t count_unmap_beside(std::uint64_t spaces) {
  OneCrowd crowd(static_cast<unsigned>(spaces));
  (void)crowd.derive_all();
  const std::uint64_t before = crowd.mapped();
  (void)pagetwin_count_unmap_beside(crowd);
  return before - crowd.mapped();
}

} // namespace pagetwin::bench
