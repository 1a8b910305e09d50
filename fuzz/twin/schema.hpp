// What a machine tells the engine about its operations: the verbs, the fields they use, and for each field
// how 16 bits choose a value and how people write it. It refuses to know what executing an operation does.
//
// Four obligations of a Domain, which tests/twin checks for the ready ones (check_domain in round_trip.hpp
// checks yours): decode is total, and keeps to the limits; parse(print(v)) == v for *every* 64-bit v, because
// literals and text reach values that decode never makes (a machine must therefore take any value); what
// print writes holds no white space, '=' or '#'.
#pragma once

#include "fuzz/twin/op.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pagetwin::twin {

// The program decoded so far, so that a domain can refer back: the same address as the operation before, one
// page beside it.
class History {
 public:
  // `current` is the operation under construction: its verb and the fields of lower index are already there.
  History(const Values& header, std::span<const Op> ops, const Op& current)
      : header_(&header), ops_(ops), current_(&current) {}

  [[nodiscard]] const Values& header() const { return *header_; }
  [[nodiscard]] std::uint64_t header(std::size_t field) const { return (*header_)[field % max_fields]; }
  [[nodiscard]] std::size_t size() const { return ops_.size(); }
  [[nodiscard]] bool empty() const { return ops_.empty(); }
  [[nodiscard]] const Op& current() const { return *current_; }

  // The operation k before this one; 0 is the previous one. Wraps around the program; all zero when there is
  // none yet.
  [[nodiscard]] const Op& back(std::size_t k) const {
    static constexpr Op none{};
    if (ops_.empty())
      return none;
    if (k >= ops_.size())
      k %= ops_.size();
    return ops_[ops_.size() - 1 - k];
  }

 private:
  const Values* header_;
  std::span<const Op> ops_;
  const Op* current_;
};

struct Limits {
  std::uint64_t least = 0;
  std::uint64_t most = ~std::uint64_t{0};

  [[nodiscard]] constexpr std::uint64_t nearest(std::uint64_t value) const {
    return std::clamp(value, least, most);
  }
};

struct Domain {
  std::string_view name; // "va"; empty: the field does not exist
  std::uint64_t (*decode)(std::uint16_t selector, const History&) = nullptr;
  void (*print)(std::string& to, std::uint64_t value) = nullptr; // appends
  std::optional<std::uint64_t> (*parse)(std::string_view) = nullptr;
  std::string_view expects; // for error messages: "a size such as 4K or 2M"
  // Of a field in a program with this header; null: any value. Text that has another is refused, while bytes
  // and the minimiser take the nearest, so that whatever they make can be printed and read again.
  Limits (*limits)(const Values& header) = nullptr;

  [[nodiscard]] bool used() const { return !name.empty(); }
  [[nodiscard]] Limits limits_with(const Values& header) const {
    return limits == nullptr ? Limits{} : limits(header);
  }
};

struct Verb {
  std::string_view name;
  std::uint8_t fields = 0; // bit i: field i is used
  unsigned weight =
      1; // how often the swarm and the mutator choose it; 0 is never chosen, but bytes and text may

  [[nodiscard]] bool uses(std::size_t field) const { return ((fields >> field) & 1U) != 0; }
};

// At most 32 verbs: the codec has five bits for them. Appending a verb moves what existing *bytes* mean,
// which is why the committed corpus is text.
struct Schema {
  std::string_view machine; // "table"; the line "pagetwin 1 table" of every text trace names it
  unsigned version = 1;     // of the machine's verbs and fields; the codec's version is its own
  std::span<const Verb> verbs;
  std::array<Domain, max_fields> fields{}; // decoded in ascending order, see History::current
  std::array<Domain, max_fields> header{}; // likewise, with an empty history
  // All that Machine::outcome says, each without the number that may follow; empty: anything. A trace that
  // expects what cannot be is misspelt.
  std::span<const std::string_view> outcomes{};
};

[[nodiscard]] constexpr std::uint8_t used_header(const Schema& schema) {
  unsigned mask = 0;
  for (std::size_t i = 0; i < max_fields; ++i)
    mask |= schema.header[i].used() ? 1U << i : 0U;
  return static_cast<std::uint8_t>(mask);
}

// `field_mask(0, 2, 3)` reads better in a verb table than 0b1101.
template <typename... Index>
[[nodiscard]] constexpr std::uint8_t field_mask(Index... index) {
  return static_cast<std::uint8_t>((0U | ... | (1U << static_cast<unsigned>(index))));
}

} // namespace pagetwin::twin
