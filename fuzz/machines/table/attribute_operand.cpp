#include "fuzz/machines/table/attribute_operand.hpp"

#include <charconv>

namespace pagetwin::fuzz {

namespace {

constexpr std::string_view letters = "rwxu";
// What print can show: everything else falls back to a number.
constexpr std::uint64_t printable = 0x0000'ffff'01ff'ff0f;

struct Part {
  char tag;
  unsigned low, bits;
};
constexpr std::array parts{Part{'t', 8, 8}, Part{'k', 16, 8}, Part{'s', 32, 16}};

void print_part(std::string& to, const Part& part, std::uint64_t value) {
  const std::uint64_t field = value >> part.low & low_mask(part.bits);
  if (field == 0)
    return;
  to += '.';
  to += part.tag;
  twin::print_number(to, field);
}

std::optional<std::uint64_t> parse_rights(std::string_view text) {
  if (text.size() != letters.size())
    return std::nullopt;
  std::uint64_t rights = 0;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (text[i] != letters[i] && text[i] != '-')
      return std::nullopt;
    rights |= text[i] == letters[i] ? std::uint64_t{1} << i : 0;
  }
  return rights;
}

std::optional<std::uint64_t> parse_part(std::string_view text) {
  if (text == "g")
    return std::uint64_t{1} << 24U;
  for (const Part& part : parts) {
    if (text.empty() || text.front() != part.tag)
      continue;
    const auto field = twin::parse_number(text.substr(1));
    return field && *field <= low_mask(part.bits) ? std::optional(*field << part.low) : std::nullopt;
  }
  return std::nullopt;
}

} // namespace

void print_attributes(std::string& to, std::uint64_t value) {
  if ((value & ~printable) != 0)
    return twin::print_hex(to, value);
  for (std::size_t i = 0; i < letters.size(); ++i)
    to += (value >> i & 1U) != 0 ? letters[i] : '-';
  for (const Part& part : parts)
    print_part(to, part, value);
  if ((value >> 24U & 1U) != 0)
    to += ".g";
}

std::optional<std::uint64_t> parse_attributes(std::string_view text) {
  if (text.starts_with("0x"))
    return twin::parse_number(text);
  std::size_t dot = std::min(text.find('.'), text.size());
  std::optional<std::uint64_t> value = parse_rights(text.substr(0, dot));
  while (value && dot < text.size()) {
    const std::string_view rest = text.substr(dot + 1);
    const std::size_t length = std::min(rest.find('.'), rest.size());
    const auto part = parse_part(rest.substr(0, length));
    if (!part)
      return std::nullopt;
    *value |= *part;
    dot += 1 + length;
  }
  return value;
}

Attributes unpack_attributes(std::uint64_t value) {
  return {.rights = static_cast<Rights>(value & 15U),
          .memory_type = static_cast<std::uint8_t>(value >> 8U),
          .key = static_cast<std::uint8_t>(value >> 16U),
          .global = (value >> 24U & 1U) != 0,
          .software = static_cast<std::uint16_t>(value >> 32U)};
}

} // namespace pagetwin::fuzz
