// Names and comparisons that every architecture shares.
#include "reference/mmu/mmu.hpp"

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

bool same_leaf(Decoded a, const Decoded& b) {
  a.flags = b.flags;
  return a == b;
}

} // namespace reference
