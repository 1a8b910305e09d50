#include "fuzz/emulators/x86_trail.hpp"

#include <bit>
#include <cstring>

namespace pagetwin::emulators {

namespace {

using namespace x86_entry;

constexpr unsigned highest_leaf = 2; // a PDPTE that maps 1 GiB

std::optional<std::uint64_t> load(const Image& image, std::uint64_t address) {
  const std::uint64_t offset = address - image.base;
  std::uint64_t word = 0;
  if (offset >= image.bytes.size() || image.bytes.size() - offset < sizeof word)
    return std::nullopt;
  std::memcpy(&word, &image.bytes[offset], sizeof word);
  return word;
}

} // namespace

unsigned X86Trail::pa_bits() const { return static_cast<unsigned>(std::bit_width(words & ADDRESS)); }

X86Trail follow(const X86Paging& paging, const Image& image, std::uint64_t address) {
  X86Trail trail;
  std::uint64_t node = image.root;
  for (unsigned level = paging.levels; level-- > 0;) {
    const std::uint64_t slot = node + std::uint64_t{8} * paging.index(address, level);
    trail.harness = trail.harness || slot == image.root + std::uint64_t{8} * x86_harness_slot;
    const auto found = load(image, slot);
    const std::uint64_t word = found.value_or(0);
    trail.leaves = !found;
    if ((word & P) == 0)
      break;
    trail.words |= word;
    const bool is_large = level != 0 && (word & PS) != 0;
    trail.has_top_g = trail.has_top_g || (level > highest_leaf && (word & G) != 0);
    trail.has_1g = is_large && level == highest_leaf;
    if (is_large && level > highest_leaf) // reserved
      break;
    if (level == 0 || is_large) {
      const std::uint64_t offset = (std::uint64_t{1} << paging.shift(level)) - 1;
      trail.leaf = (word & ADDRESS & ~offset) | (address & offset);
      break;
    }
    node = word & ADDRESS;
  }
  return trail;
}

} // namespace pagetwin::emulators
