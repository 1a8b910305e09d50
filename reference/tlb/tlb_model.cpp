// The list model of a translation cache: see the header.
#include "reference/tlb/tlb_model.hpp"

namespace reference {

namespace {

std::uint64_t last_byte(const TlbLine& line) { return line.va + (line.bytes - 1); }

bool has_byte_in(const TlbLine& line, std::uint64_t first, std::uint64_t last) {
  return line.va <= last && first <= last_byte(line);
}

bool matches_space(const TlbLine& line, std::uint32_t space) { return line.global || line.space == space; }

} // namespace

bool TlbModel::canonical(std::uint64_t va) const {
  if (va_bits_ >= 64)
    return true;
  const std::uint64_t above = va >> va_bits_;
  const std::uint64_t all_ones = ~std::uint64_t{0} >> va_bits_;
  const bool top_bit = (va >> (va_bits_ - 1)) % 2 == 1;
  return above == (sign_extended_ && top_bit ? all_ones : 0);
}

void TlbModel::fill(const TlbLine& line) {
  if (!canonical(line.va))
    return;
  std::erase_if(lines_, [&](const TlbLine& old) {
    const bool one_space_sees_both = line.global || matches_space(old, line.space);
    return one_space_sees_both && has_byte_in(old, line.va, last_byte(line));
  });
  lines_.push_back(line);
}

void TlbModel::invalidate_page(std::uint32_t space, std::uint64_t va) { invalidate_range(space, va, va); }

void TlbModel::invalidate_range(std::uint32_t space, std::uint64_t first, std::uint64_t last) {
  std::erase_if(lines_, [&](const TlbLine& line) {
    return matches_space(line, space) && has_byte_in(line, first, last);
  });
}

void TlbModel::invalidate_space(std::uint32_t space) {
  std::erase_if(lines_, [&](const TlbLine& line) { return !line.global && line.space == space; });
}

void TlbModel::invalidate_all() { lines_.clear(); }

std::optional<TlbLine> TlbModel::may_hit(std::uint32_t space, std::uint64_t va) const {
  for (const TlbLine& line : lines_)
    if (matches_space(line, space) && has_byte_in(line, va, va))
      return line;
  return std::nullopt;
}

} // namespace reference
