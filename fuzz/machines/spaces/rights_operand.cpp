#include "fuzz/machines/spaces/rights_operand.hpp"

#include "fuzz/twin/domains.hpp"

namespace pagetwin::fuzz {

namespace {

constexpr std::string_view letters = "rwx";

} // namespace

void print_l4_rights(std::string& to, std::uint64_t value) {
  for (std::size_t i = 0; i < letters.size(); ++i)
    to += (value >> i & 1U) != 0 ? letters[i] : '-';
  if (const std::uint64_t base = send_base_of_operand(value); base != 0) {
    to += '@';
    twin::print_hex(to, base);
  }
}

std::optional<std::uint64_t> parse_l4_rights(std::string_view text) {
  if (text.size() < letters.size())
    return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (text[i] != letters[i] && text[i] != '-')
      return std::nullopt;
    value |= text[i] == letters[i] ? std::uint64_t{1} << i : 0;
  }
  if (text.size() == letters.size())
    return value;
  const auto base =
      text[letters.size()] == '@' ? twin::parse_number(text.substr(letters.size() + 1)) : std::nullopt;
  return base && (*base & l4_rights_mask) == 0 ? std::optional(*base | value) : std::nullopt;
}

} // namespace pagetwin::fuzz
