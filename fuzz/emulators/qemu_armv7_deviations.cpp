// Where QEMU's Cortex-A15 differs from the ARMv7 that our tables are for: it has PXN and 40 bits of address.
// Each entry was met by scripts/oracles, and states the very answer that was met.
#include "fuzz/emulators/bits.hpp"
#include "fuzz/emulators/qemu_deviations.hpp"

#include <array>

namespace pagetwin::emulators {

namespace {

// First-level words; in bit 0 of a section PXN, and in bit 2 of a table, as QEMU's Cortex-A15 has it.
constexpr std::uint64_t type = 3, PXN = 1, table_PXN = 4, supersection = bit(18), PA35_32 = bits(23, 20),
                        PA39_36 = bits(8, 5), small_page = 2;
constexpr std::uint64_t section_XN = bit(4), section_AF = bit(10), section_user = bit(11),
                        section_read_only = bit(15);

std::uint64_t section_address(std::uint64_t word, std::uint64_t va) {
  if ((word & supersection) == 0)
    return (word & bits(31, 20)) | (va & bits(19, 0));
  return (word & bits(31, 24)) | (va & bits(23, 0)) | (word & PA35_32) << 12U | (word & PA39_36) << 31U;
}

// What a processor with PXN and 40 bits of address makes of a section or a supersection. XN comes before the
// flag, as below.
Answer section_answer(const Probe& probe, std::uint64_t word) {
  const auto fault = [](Outcome reason) { return Answer{reason, std::nullopt, 1}; };
  const bool fetches = probe.kind == Kind::execute;
  if (fetches && ((word & section_XN) != 0 || (!probe.user && (word & PXN) != 0)))
    return fault(Outcome::protection);
  if ((word & section_AF) == 0)
    return fault(Outcome::access_flag);
  const bool for_others = probe.user && (word & section_user) == 0,
             writes = probe.kind == Kind::write && (word & section_read_only) != 0;
  return for_others || writes ? fault(Outcome::protection)
                              : Answer{Outcome::ok, section_address(word, probe.address), std::nullopt};
}

bool is_section_answer(const Probe& probe, const Expected& expected, const Answer& answer) {
  const Answer section = section_answer(probe, expected.words[0]);
  return expected.words_count == 1 && answer.outcome == section.outcome && answer.pa == section.pa
         && answer.level == section.level;
}

bool is_section_with_pxn(std::string_view, const Probe& probe, const Expected& expected,
                         const Answer& answer) {
  return expected.outcome == Outcome::not_present && (expected.words[0] & type) == type
         && is_section_answer(probe, expected, answer);
}

bool is_supersection_beyond_32_bits(std::string_view, const Probe& probe, const Expected& expected,
                                    const Answer& answer) {
  return expected.outcome == Outcome::reserved && (expected.words[0] & type) == 2
         && (expected.words[0] & supersection) != 0 && is_section_answer(probe, expected, answer);
}

bool is_refused_at(const Expected& expected, const Answer& answer) {
  return answer.outcome == Outcome::protection && answer.level == expected.level;
}

bool is_pxn_of_table(const Probe& probe, const Expected& expected) {
  return !probe.user && expected.words_count == 2 && (expected.words[0] & table_PXN) != 0;
}

bool is_fetch_below_pxn(std::string_view, const Probe& probe, const Expected& expected,
                        const Answer& answer) {
  return probe.kind == Kind::execute && expected.outcome == Outcome::ok && answer.level == 0
         && is_refused_at(expected, answer) && is_pxn_of_table(probe, expected);
}

bool is_xn(const Expected& expected) {
  const std::uint64_t word = last_word(expected);
  if (expected.words_count == 1)
    return (word & section_XN) != 0;
  return (word & ((word & small_page) != 0 ? bit(0) : bit(15))) != 0;
}

bool is_xn_before_the_flag(std::string_view, const Probe& probe, const Expected& expected,
                           const Answer& answer) {
  return probe.kind == Kind::execute && expected.outcome == Outcome::access_flag
         && is_refused_at(expected, answer) && (is_xn(expected) || is_pxn_of_table(probe, expected));
}

constexpr std::array known{
    Deviation{
        "XN before the Access flag",
        "DDI 0406C, TranslationTableWalkSD: the flag is a matter of the walk, before CheckPermission, so "
        "the reference is right",
        is_xn_before_the_flag},
    Deviation{
        "a section with PXN",
        "DDI 0406C B3.5.1: a processor with PXN, as QEMU's, has type 0b11; ours has not, and both are right",
        is_section_with_pxn},
    Deviation{"PXN of a page table",
              "DDI 0406C B3.5.1: bit 2, for a processor with PXN; ours has not, and both are right",
              is_fetch_below_pxn},
    Deviation{"a supersection beyond 32 bits",
              "DDI 0406C B3.5.1: bits 39:32 of its address are IMPLEMENTATION DEFINED, so both are right",
              is_supersection_beyond_32_bits},
};

} // namespace

std::span<const Deviation> qemu_armv7_deviations() { return known; }

} // namespace pagetwin::emulators
