// Names and comparisons that every architecture shares.
#include "reference/mmu/mmu.hpp"

#include <bit>

namespace reference {

const char* violation_name(std::uint32_t one_bit) {
  switch (one_bit) {
  case violation::reserved_bit:
    return "reserved bit set";
  case violation::address_width:
    return "address beyond the physical width";
  case violation::misaligned_frame:
    return "misaligned frame";
  case violation::bad_level:
    return "descriptor illegal at this level";
  case violation::no_execute_bit:
    return "XD set without EFER.NXE";
  case violation::hole_pattern:
    return "not present, but neither zero nor a marker";
  case violation::table_bits:
    return "table descriptor other than our table writes it";
  case violation::no_rights:
    return "leaf without rights";
  case violation::leaf_bits:
    return "leaf descriptor other than our table writes it";
  default:
    return "no violation";
  }
}

const char* to_text(Outcome outcome) {
  switch (outcome) {
  case Outcome::ok:
    return "ok";
  case Outcome::not_present:
    return "not_present";
  case Outcome::protection:
    return "protection";
  case Outcome::reserved:
    return "reserved";
  case Outcome::access_flag:
    return "access_flag";
  case Outcome::non_canonical:
    return "non_canonical";
  case Outcome::protection_key:
    return "protection_key";
  case Outcome::outside_memory:
    return "outside_memory";
  }
  return "no outcome";
}

unsigned Series::length(const PhysicalMemory& memory, std::uint64_t slot, unsigned count,
                        unsigned descriptor_bytes) const {
  const std::uint64_t first = memory.word(slot, descriptor_bytes);
  if (step != 0) // and until it would be carried out of the frame
    count = static_cast<unsigned>(
        std::min<std::uint64_t>(count, 1 + ((frame - (first & frame)) >> std::countr_zero(step))));
  const unsigned char* const words = memory.base + (slot - memory.pa_base);
  return descriptor_bytes == 4 ? progression<std::uint32_t>(words, count, static_cast<std::uint32_t>(step))
                               : progression<std::uint64_t>(words, count, step);
}

bool same_leaf(Decoded a, const Decoded& b) {
  a.flags = b.flags;
  return a == b;
}

} // namespace reference
