// Ready-made ways to write and choose values: plain numbers, hexadecimal numbers, sizes, names. A machine's
// own domains (addresses with back-references) borrow the print and parse functions. It refuses to know any
// page size.
#pragma once

#include "fuzz/twin/schema.hpp"

namespace pagetwin::twin {

void print_number(std::string& to, std::uint64_t value); // 42
void print_hex(std::string& to, std::uint64_t value);    // 0x2a
// 4K, 2M, 1G, 512G, 1T ...: the largest unit that divides it exactly, if that unit is not 1; else as
// print_hex. 0 is 0.
void print_size(std::string& to, std::uint64_t value);

// 0x hexadecimal or decimal, nothing before or after, no overflow.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
// The same, and decimal followed by one of K M G T P E.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

inline constexpr std::string_view expects_number = "a number such as 12 or 0x1f, below 2^64";
inline constexpr std::string_view expects_size = "a size such as 4K, 2M or 0x3000, below 2^64";

// decode: the selector modulo Count, plus Base.
template <std::uint64_t Count, std::uint64_t Base = 0>
[[nodiscard]] std::uint64_t decode_modulo(std::uint16_t selector, const History& /*unused*/) {
  static_assert(Count > 0);
  return Base + selector % Count;
}

[[nodiscard]] inline std::uint64_t decode_selector(std::uint16_t selector, const History& /*unused*/) {
  return selector;
}

// decode: one of the listed values; list a value twice to make it twice as likely.
template <std::uint64_t... Choices>
[[nodiscard]] std::uint64_t decode_choice(std::uint16_t selector, const History& /*unused*/) {
  static constexpr std::array<std::uint64_t, sizeof...(Choices)> choices{Choices...};
  return choices[selector % choices.size()];
}

// limits: the same in every program.
template <std::uint64_t Least, std::uint64_t Most>
[[nodiscard]] Limits between(const Values& /*unused*/) {
  static_assert(Least <= Most);
  return {Least, Most};
}

// Base .. Base + Count - 1 and nothing else, written in decimal.
template <std::uint64_t Count, std::uint64_t Base = 0>
[[nodiscard]] constexpr Domain number_domain(std::string_view name) {
  return {name,           decode_modulo<Count, Base>,     print_number, parse_number,
          expects_number, between<Base, Base + Count - 1>};
}

// One of the listed values, written in decimal.
template <std::uint64_t... Choices>
[[nodiscard]] constexpr Domain choice_domain(std::string_view name) {
  return {name, decode_choice<Choices...>, print_number, parse_number, expects_number};
}

// 0 .. 65535, written in hexadecimal.
[[nodiscard]] constexpr Domain hex_domain(std::string_view name) {
  return {name, decode_selector, print_hex, parse_number, expects_number};
}

// One of the listed sizes, written 4K or 2M.
template <std::uint64_t... Sizes>
[[nodiscard]] constexpr Domain size_domain(std::string_view name) {
  return {name, decode_choice<Sizes...>, print_size, parse_size, expects_size};
}

} // namespace pagetwin::twin
