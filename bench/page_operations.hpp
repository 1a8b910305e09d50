// The public operations on one page, as a loop over pages calls them. Adapters vanish, here as in ours.hpp
// and raw.hpp: what is measured is the call of the operation, in the subject and in the probe.
#pragma once

#include <cstdint>

namespace pagetwin::bench {

// With an address and the frame that is mapped there, or one so many bytes behind it.
struct MapPage {
  std::uint64_t behind = 0;

  template <class Table>
  [[gnu::always_inline]] std::uint64_t operator()(Table& table, std::uint64_t va, std::uint64_t pa) const {
    return table.map(va, pa + behind);
  }
};
struct UnmapPage {
  template <class Table>
  [[gnu::always_inline]] std::uint64_t operator()(Table& table, std::uint64_t va, std::uint64_t) const {
    return table.unmap(va);
  }
};
// To be read only.
struct ProtectPage {
  template <class Table>
  [[gnu::always_inline]] std::uint64_t operator()(Table& table, std::uint64_t va, std::uint64_t) const {
    return table.protect(va, 4096, false);
  }
};

} // namespace pagetwin::bench
