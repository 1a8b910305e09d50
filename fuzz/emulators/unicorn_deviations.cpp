// See unicorn_deviations.hpp. Each entry was met by scripts/oracles, and is as narrow as what was met: it
// states the very answer that the library's walker gives, and not that any other answer is fine.
#include "fuzz/emulators/unicorn_deviations.hpp"

namespace pagetwin::emulators {

namespace {

// Of descriptors.
constexpr std::uint64_t contiguous_bit = std::uint64_t{1} << 52U, table_or_page = 2, valid = 1;

constexpr std::uint64_t bits(unsigned high, unsigned low) {
  return (~std::uint64_t{0} >> (63U - high)) & ~std::uint64_t{0} << low;
}

unsigned granule_shift(std::string_view format) {
  return format.ends_with("_4k") ? 12 : format.ends_with("_16k") ? 14 : 16;
}

// log2 of what a slot of the level spans; level 0 is the page.
unsigned span_shift(std::string_view format, unsigned level) {
  const unsigned granule = granule_shift(format);
  return granule + level * (granule - 3);
}

std::uint64_t last_word(const Expected& expected) {
  return expected.words_count == 0 ? 0 : expected.words[expected.words_count - 1];
}

bool both_ok(const Expected& expected, const Answer& answer) {
  return expected.outcome == Outcome::ok && answer.outcome == Outcome::ok && answer.pa;
}

// What the descriptor alone says, with bits of the output address from `low` on.
std::uint64_t own_address(std::string_view format, const Probe& probe, const Expected& expected,
                          unsigned low) {
  const std::uint64_t offset = bits(span_shift(format, expected.level) - 1, 0);
  return (last_word(expected) & bits(47, low)) | (probe.address & offset);
}

// The walker does not look at the Contiguous bit: where a set does not lie in order, which makes the access
// CONSTRAINED UNPREDICTABLE, it goes where the one descriptor says, and the reference where the set begins.
bool is_set_out_of_order(std::string_view format, const Probe& probe, const Expected& expected,
                         const Answer& answer) {
  return both_ok(expected, answer) && (last_word(expected) & contiguous_bit) != 0
         && *answer.pa == own_address(format, probe, expected, span_shift(format, expected.level));
}

// Bits of a block's address below its size are RES0; the walker adds them to the offset.
bool is_block_with_low_bits(std::string_view format, const Probe& probe, const Expected& expected,
                            const Answer& answer) {
  return both_ok(expected, answer) && expected.level > 0
         && *answer.pa == own_address(format, probe, expected, granule_shift(format));
}

// The walker takes a block at any level but the last, and judges it like any other.
bool is_block_too_high(std::string_view format, const Probe& probe, const Expected& expected,
                       const Answer& answer) {
  const unsigned highest = granule_shift(format) == 12 ? 2 : 1;
  const bool too_high = expected.outcome == Outcome::not_present && expected.level > highest
                        && (last_word(expected) & (table_or_page | valid)) == valid;
  if (answer.outcome == Outcome::ok)
    return too_high && answer.pa == own_address(format, probe, expected, granule_shift(format));
  return too_high && answer.level == expected.level;
}

constexpr std::array known{
    Deviation{"contiguous set out of order", "DDI 0487 D8.7.1, misprogramming of the Contiguous bit",
              is_set_out_of_order},
    Deviation{"RES0 address bits of a block", "DDI 0487 D8.3.1, table D8-52: RES0, so the reference is right",
              is_block_with_low_bits},
    Deviation{"block above the highest level of blocks",
              "DDI 0487 D8.3.1, table D8-52: a translation fault, so the reference is right",
              is_block_too_high},
};

} // namespace

std::span<const Deviation> unicorn_deviations() { return known; }

} // namespace pagetwin::emulators
