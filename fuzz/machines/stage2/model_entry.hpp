// What an entry of the reference's tables means to hardware. It refuses to know our tables.
#pragma once

#include "reference/sekvm/values.hpp"

namespace pagetwin::fuzz {

// An entry that hardware follows: it has a page, or is page 0, which is nobody's and so a device.
[[nodiscard]] inline bool is_mapping(const reference::sekvm::Entry* entry) {
  return entry != nullptr && entry->pte != 0 && entry->pte != reference::sekvm::PAGE_GUEST;
}
[[nodiscard]] inline bool is_device(const reference::sekvm::Entry& entry) {
  return (entry.pte & reference::sekvm::PAGE_S2_DEVICE) == reference::sekvm::PAGE_S2_DEVICE;
}
[[nodiscard]] inline std::uint64_t pfn_of(const reference::sekvm::Entry& entry, std::uint64_t gfn) {
  return reference::sekvm::phys_page(entry.pte) / reference::sekvm::PAGE_SIZE + (gfn - entry.gfn);
}

} // namespace pagetwin::fuzz
