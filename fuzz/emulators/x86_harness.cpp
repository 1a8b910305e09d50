#include "fuzz/emulators/x86_harness.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace pagetwin::emulators {

namespace {

constexpr std::array pagings{X86Paging{"x86_64_4", 4}, X86Paging{"x86_64_5", 5}};

} // namespace

const X86Paging* find_x86_paging(std::string_view format) {
  const auto* const found = std::ranges::find(pagings, format, &X86Paging::format);
  return found == pagings.end() ? nullptr : found;
}

std::uint64_t X86Paging::base_of(unsigned root_slot) const {
  const std::uint64_t sign = root_slot < 256 ? 0 : ~std::uint64_t{0} << shift(levels);
  return sign | std::uint64_t{root_slot} << shift(levels - 1);
}

bool X86Paging::is_canonical(std::uint64_t address) const {
  const unsigned root = levels - 1;
  return address - base_of(index(address, root)) < std::uint64_t{1} << shift(root);
}

bool X86Paging::is_harness(std::uint64_t address) const {
  return index(address, levels - 1) == x86_harness_slot;
}

void BorrowedWord::take(std::byte* word, std::uint64_t instead) {
  std::memcpy(&kept_, word, sizeof kept_);
  std::memcpy(word, &instead, sizeof instead);
}

void BorrowedWord::give_back(std::byte* word) const { std::memcpy(word, &kept_, sizeof kept_); }

Answer read_x86_page_fault(std::uint64_t error_code) {
  constexpr std::uint64_t error_P = 1, error_RSVD = 8;
  if ((error_code & error_RSVD) != 0)
    return {Outcome::reserved, std::nullopt, std::nullopt};
  return {(error_code & error_P) == 0 ? Outcome::not_present : Outcome::protection, std::nullopt,
          std::nullopt};
}

} // namespace pagetwin::emulators
