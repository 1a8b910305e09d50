// A foreign MMU that is asked through its own TLB: by real loads and stores, before an edit of a table, after
// it, and after the invalidations that the edit owes. Stale answers before those are allowed and not
// promised. It refuses to know what the right answer is: fuzz/machines/foreign judges (shootdown.hpp).
#pragma once

#include "fuzz/emulators/emulator.hpp"

#include <vector>

namespace pagetwin::emulators {

// An invalidation of the table: addresses, both ends included; `tables` of cached table descriptors, too.
struct Owed {
  std::uint64_t first, last;
  bool tables;
};

// A probe, and the pages of 4 KiB, not in the table's memory, that it should lead to before and after the
// edit; the physical address is told for these.
struct Access {
  Probe probe;
  std::optional<std::uint64_t> before, after;
};

// Table memory before and after one operation, as Image: two copies of equal size.
struct Edit {
  std::uint64_t base, root;
  std::span<std::byte> before, after;
  std::span<const Owed> owed;
};

// What the same access met: through a TLB that was empty, after the edit, after its invalidations. A
// physical address is told to the page (4 KiB), with the probe's last bits.
struct Sight {
  Answer warm, stale, fresh;
};

// The pages of 4 KiB that all of them may lead to, each once.
[[nodiscard]] std::vector<std::uint64_t> frames_of(std::span<const Access> accesses);

// What is owed as single pages, each as `tables` says, as an operating system would while they are few;
// nothing where they are more than `most`.
struct OwedPage {
  std::uint64_t address;
  bool tables;
};
[[nodiscard]] std::optional<std::vector<OwedPage>> pages_of(std::span<const Owed> owed, std::size_t most);

class CachedMmu {
 public:
  virtual ~CachedMmu() = default;

  [[nodiscard]] virtual bool watches(std::string_view format) const = 0;
  // One sight per access, in their order; fetches are not judged. All accesses, in some order, happen three
  // times. Afterwards edit.after holds what the MMU made of it, if it writes back. Throws std::runtime_error
  // when it cannot go on.
  virtual void watch(std::string_view format, const Edit& edit, std::span<const Access> accesses,
                     std::span<Sight> sights) = 0;
};

} // namespace pagetwin::emulators
