// Where the entries of an x86-64 table lead, so that a harness knows before an access what it may touch, and
// whether the processor has all that the entries want of it. It refuses to know whether the access is
// allowed: that is for the MMU to say. Rule: Intel SDM volume 3A, 4.5, and tables 4-14 to 4-20.
#pragma once

#include "fuzz/emulators/x86_harness.hpp"

namespace pagetwin::emulators {

struct X86Trail {
  std::uint64_t words = 0;           // all entries on the way, ored
  bool has_1g = false;               // the last is a page of 1 GiB
  bool has_top_g = false;            // G in a PML4E or PML5E: Intel ignores it, AMD reserves it
  bool leaves = false;               // an entry outside of the image would come next
  bool harness = false;              // the harness's slot is on the way: a table may lead back to the root
  std::optional<std::uint64_t> leaf; // the physical address, if the way ends at a page

  [[nodiscard]] unsigned pa_bits() const; // of the widest address among the entries
};

[[nodiscard]] X86Trail follow(const X86Paging& paging, const Image& image, std::uint64_t address);

} // namespace pagetwin::emulators
