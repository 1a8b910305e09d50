// Numbers as people write them. std::to_chars and from_chars do the work: no locale, no allocation.
#include "fuzz/twin/domains.hpp"

#include <charconv>

namespace pagetwin::twin {
namespace {

constexpr std::string_view units = "KMGTPE"; // 1024 to the power of 1, 2, ...

void append(std::string& to, std::uint64_t value, int base) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  to.append(digits.data(), end);
}

} // namespace

void print_number(std::string& to, std::uint64_t value) { append(to, value, 10); }

void print_hex(std::string& to, std::uint64_t value) {
  to += "0x";
  append(to, value, 16);
}

void print_size(std::string& to, std::uint64_t value) {
  for (std::size_t unit = units.size(); unit > 0; --unit) {
    const std::uint64_t bytes = std::uint64_t{1} << (10 * unit);
    if (value != 0 && value % bytes == 0) {
      append(to, value / bytes, 10);
      to += units[unit - 1];
      return;
    }
  }
  value == 0 ? print_number(to, value) : print_hex(to, value);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool hex = text.starts_with("0x");
  text.remove_prefix(hex ? 2 : 0);
  std::uint64_t value = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
  if (error != std::errc{} || stop != end)
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t unit = text.empty() ? std::string_view::npos : units.find(text.back());
  if (unit == std::string_view::npos || text.starts_with("0x")) // 0x1E is a number, not 0x1 exabytes
    return parse_number(text);
  const auto count = parse_number(text.substr(0, text.size() - 1));
  const std::uint64_t bytes = std::uint64_t{1} << (10 * (unit + 1));
  if (!count || *count > UINT64_MAX / bytes)
    return std::nullopt;
  return *count * bytes;
}

} // namespace pagetwin::twin
