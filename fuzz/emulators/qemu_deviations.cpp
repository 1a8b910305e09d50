// See qemu_deviations.hpp. Each entry was met by scripts/oracles, and is as narrow as what was met. What is
// written back has no path: where an access is let through that the manual stops, the answer is compared by
// itself, and the marks that it leaves are explained by their form. Manuals: Arm's DDI 0487, issue L.b, whose
// rules (R_JQQTC) keep their names when the sections get other numbers; The RISC-V Instruction Set Manual,
// volume II, version 20260120; Intel SDM, volume 3A, chapter "Paging": 4, and 5 in the edition of June 2025.
#include "fuzz/emulators/qemu_deviations.hpp"

#include "fuzz/emulators/bits.hpp"
#include "fuzz/emulators/lpae_deviations.hpp"
#include "fuzz/emulators/x86_deviations.hpp"

#include <array>

namespace pagetwin::emulators {

namespace {

namespace riscv {

constexpr std::uint64_t V = bit(0), RWX = bits(3, 1), A = bit(6), D = bit(7), reserved = bits(60, 54),
                        PBMT = bits(62, 61), N = bit(63);

bool is_leaf(std::uint64_t word) { return (word & RWX) != 0; }

// With Svnapot or Svpbmt the walker masks what is above the PPN instead of refusing it. It has no
// Svrsw60t59b, which gives 60 and 59 to software.
bool ignores_reserved_bits(std::string_view, const Probe&, const Expected& expected, const Answer& answer) {
  return expected.outcome == Outcome::reserved && answer.outcome == Outcome::ok
         && (last_word(expected) & reserved) != 0;
}

bool takes_pbmt_3(std::string_view, const Probe&, const Expected& expected, const Answer& answer) {
  const std::uint64_t word = last_word(expected);
  return expected.outcome == Outcome::reserved && answer.outcome == Outcome::ok && is_leaf(word)
         && (word & (PBMT | reserved)) == PBMT;
}

constexpr std::array known{
    Deviation{"bits 60 to 54 of an entry are ignored",
              "RISC-V volume II, Sv39 (12.4.1): reserved, a page fault if set, so the reference is right",
              ignores_reserved_bits},
    Deviation{"PBMT=3 is taken",
              "RISC-V volume II, Svpbmt (14): reserved, a page fault, so the reference is right",
              takes_pbmt_3},
};

// Of an access that one of the above let through, at the leaf itself or anywhere below a table.
bool marks_what_was_let_through(std::string_view, const WordDifference& difference) {
  const std::uint64_t more = only_found(difference);
  return is_leaf(difference.before) && (difference.before & V) != 0 && more != 0 && (more & ~(A | D)) == 0
         && (difference.before & N) == 0;
}

// A and D are written before the encoding of N is looked at.
bool marks_bad_napot(std::string_view, const WordDifference& difference) {
  const std::uint64_t more = only_found(difference);
  return (difference.before & (N | V)) == (N | V) && more != 0 && (more & ~(A | D)) == 0;
}

constexpr std::array known_words{
    WordDeviation{"marks of what was let through",
                  "RISC-V volume II, Sv39 (12.4.1) and Svpbmt (14): such an access is a page fault, and sets "
                  "no A or D (step 9 of 12.3.2), so the reference is right",
                  marks_what_was_let_through},
    WordDeviation{"marks of a faulting NAPOT encoding",
                  "RISC-V volume II, Svnapot (13), and step 9 of 12.3.2: all checks come before A and D are "
                  "set, so the reference is right",
                  marks_bad_napot},
};

} // namespace riscv

namespace x86 {

using namespace x86_entry;

// As of tables, in the entry of a page of 1 GiB before it looks at reserved bits and rights. In a damaged
// table the node may be at the level below as well.
bool marks_1g_of_a_fault(std::string_view, const WordDifference& difference) {
  const bool may_be_1g = difference.level == 2 || (difference.damaged && difference.level == 1);
  const bool is_1g = may_be_1g && (difference.before & (P | PS)) == (P | PS);
  return is_1g && only_found(difference) == A;
}

constexpr std::array known_words{
    x86_marks_tables_of_a_fault,
    WordDeviation{
        "A of a 1 GiB page that faults",
        "Intel SDM 3A, Accessed and Dirty Flags: with reserved bits it is not used, so the reference is "
        "right; else both",
        marks_1g_of_a_fault},
};

} // namespace x86

namespace aarch64 {

constexpr std::uint64_t EL0 = bit(6), AF = bit(10), read_only = bit(7), DBM = bit(51), PXN = bit(53),
                        UXN = bit(54), PXNTable = bit(59), UXNTable = bit(60), APTable_no_EL0 = bit(61),
                        APTable_read_only = bit(62);

// Whether the bit is set in the leaf, or the other one in a table above it.
bool is_set(const Expected& expected, std::uint64_t leaf, std::uint64_t table) {
  bool found = (last_word(expected) & leaf) != 0;
  for (unsigned i = 0; i + 1 < expected.words_count; ++i)
    found |= (expected.words[i] & table) != 0;
  return found;
}

bool is_fetch_let_through(const Probe& probe, const Expected& expected, const Answer& answer, bool user) {
  return probe.kind == Kind::execute && probe.user == user && expected.outcome == Outcome::protection
         && answer.outcome == Outcome::ok;
}

// Rights here are those that the table under test can express: whoever may execute may read, and who may is
// one question. Hardware has UXN for EL0 and PXN for EL1, whether or not EL0 may access the page as data.
bool is_fetch_of_el0_without_data(std::string_view, const Probe& probe, const Expected& expected,
                                  const Answer& answer) {
  const bool no_data = (last_word(expected) & EL0) == 0 || is_set(expected, 0, APTable_no_EL0);
  return is_fetch_let_through(probe, expected, answer, true) && no_data && !is_set(expected, UXN, UXNTable);
}

bool is_fetch_of_el1_from_el0_page(const Probe& probe, const Expected& expected, const Answer& answer) {
  return is_fetch_let_through(probe, expected, answer, false) && (last_word(expected) & EL0) != 0
         && !is_set(expected, PXN, PXNTable);
}

// What EL0 may write has an implied PXN, and other pages have none.
bool is_fetch_of_el1_from_el0_read_only(std::string_view, const Probe& probe, const Expected& expected,
                                        const Answer& answer) {
  return is_fetch_of_el1_from_el0_page(probe, expected, answer) && (last_word(expected) & DBM) == 0
         && is_set(expected, read_only, APTable_read_only);
}

// With DBM a page is writable though AP[2] says that it is not; QEMU goes by AP[2] alone. A write of the same
// batch may have cleared it before the reference's turn.
bool is_fetch_of_el1_from_el0_clean(std::string_view, const Probe& probe, const Expected& expected,
                                    const Answer& answer) {
  return is_fetch_of_el1_from_el0_page(probe, expected, answer) && (last_word(expected) & DBM) != 0;
}

constexpr std::array known{
    Deviation{"contiguous set out of order",
              "DDI 0487 D8.7.1.1, R_NGLXZ and R_JQQTC: misprogrammed, so both are right",
              lpae::is_set_out_of_order},
    Deviation{"block above the highest level of blocks",
              "DDI 0487 D8.2.8 to D8.2.10: no block there, a translation fault, so the reference is right",
              lpae::is_aligned_block_too_high},
    Deviation{"EL0 executes what it may not read",
              "DDI 0487 D8.4.1.2.3, R_RBDFT: UXN alone decides, so QEMU is right; our rights cannot say it",
              is_fetch_of_el0_without_data},
    Deviation{"EL1 executes what EL0 may read",
              "DDI 0487 D8.4.1.2.3, R_LWPVL and R_VWLLR: PXN alone decides if EL0 may not write, so QEMU is "
              "right; our rights cannot say it",
              is_fetch_of_el1_from_el0_read_only},
    Deviation{
        "EL1 executes what EL0 may write and is clean",
        "DDI 0487 D8.5.2.2, R_NKLQN: writable-clean is privileged execute-never, so the reference is right",
        is_fetch_of_el1_from_el0_clean},
};

// Of a fetch that one of the last three let through; what it may have been is all that a word tells.
bool marks_what_was_fetched(std::string_view, const WordDifference& difference) {
  return only_found(difference) == AF && (difference.before & (UXN | PXN)) != (UXN | PXN);
}

constexpr std::array known_words{
    WordDeviation{"AF of what was fetched",
                  "DDI 0487 D8.4.1.2.3 and D8.5.2.2: the flag of a fetch that QEMU lets EL0 or EL1 make, so "
                  "who is right about the fetch is right",
                  marks_what_was_fetched},
};

} // namespace aarch64

} // namespace

std::span<const Deviation> qemu_riscv_deviations() { return riscv::known; }
std::span<const WordDeviation> qemu_riscv_word_deviations() { return riscv::known_words; }
std::span<const Deviation> qemu_x86_deviations() { return {}; }
std::span<const WordDeviation> qemu_x86_word_deviations() { return x86::known_words; }
std::span<const Deviation> qemu_aarch64_deviations() { return aarch64::known; }
std::span<const WordDeviation> qemu_aarch64_word_deviations() { return aarch64::known_words; }

} // namespace pagetwin::emulators
