#include "fuzz/emulators/lpae_deviations.hpp"

#include "fuzz/emulators/bits.hpp"

namespace pagetwin::emulators::lpae {

namespace {

// Of descriptors.
constexpr std::uint64_t contiguous_bit = bit(52), table_or_page = 2, valid = 1;

bool has(std::string_view format, std::string_view part) {
  return format.find(part) != std::string_view::npos;
}

unsigned granule_shift(std::string_view format) {
  return has(format, "_4k") ? 12 : has(format, "_16k") ? 14 : 16;
}

unsigned highest_block_level(std::string_view format) {
  return (granule_shift(format) == 12 ? 2U : 1U) + (has(format, "lpa2") ? 1U : 0U);
}

// log2 of what a slot of the level spans; level 0 is the page.
unsigned span_shift(std::string_view format, unsigned level) {
  const unsigned granule = granule_shift(format);
  return granule + level * (granule - 3);
}

bool both_ok(const Expected& expected, const Answer& answer) {
  return expected.outcome == Outcome::ok && answer.outcome == Outcome::ok && answer.pa;
}

// With DS=1 bits 9:8 are the highest of the address.
std::uint64_t address_bits(std::string_view format, std::uint64_t word) {
  return has(format, "lpa2") ? (word & bits(49, 12)) | (word & bits(9, 8)) << 42U : word & bits(47, 12);
}

// What the descriptor alone says, with bits of the output address from `low` on.
std::uint64_t own_address(std::string_view format, const Probe& probe, const Expected& expected,
                          unsigned low) {
  const std::uint64_t offset = bits(span_shift(format, expected.level) - 1, 0);
  return (address_bits(format, last_word(expected)) & bits(63, low)) | (probe.address & offset);
}

bool is_taken_block(std::string_view format, const Expected& expected, const Answer& answer,
                    std::uint64_t address) {
  const bool too_high = expected.outcome == Outcome::not_present
                        && expected.level > highest_block_level(format)
                        && (last_word(expected) & (table_or_page | valid)) == valid;
  if (answer.outcome == Outcome::ok)
    return too_high && answer.pa == address;
  return too_high && answer.level == expected.level;
}

} // namespace

bool is_set_out_of_order(std::string_view format, const Probe& probe, const Expected& expected,
                         const Answer& answer) {
  return both_ok(expected, answer) && (last_word(expected) & contiguous_bit) != 0
         && *answer.pa == own_address(format, probe, expected, span_shift(format, expected.level));
}

bool is_block_with_low_bits(std::string_view format, const Probe& probe, const Expected& expected,
                            const Answer& answer) {
  return both_ok(expected, answer) && expected.level > 0
         && *answer.pa == own_address(format, probe, expected, granule_shift(format));
}

bool is_block_too_high(std::string_view format, const Probe& probe, const Expected& expected,
                       const Answer& answer) {
  return is_taken_block(format, expected, answer,
                        own_address(format, probe, expected, granule_shift(format)));
}

bool is_aligned_block_too_high(std::string_view format, const Probe& probe, const Expected& expected,
                               const Answer& answer) {
  return is_taken_block(format, expected, answer,
                        own_address(format, probe, expected, span_shift(format, expected.level)));
}

} // namespace pagetwin::emulators::lpae
