// What a translation cache may still answer: the list of every line that was filled and not taken back since.
// A cache may forget at any time, so a lookup may return the line that may_hit names, or nothing; it may
// return nothing else. Written from the definition of the cache in Intel SDM 3A, section 4.10 ("Caching
// Translation Information"), with one rule more: of lines that overlap for some space only the last that was
// filled is left. Knows no sets, no ways and no tags.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace reference {

struct TlbLine {
  std::uint32_t space = 0;
  bool global = false;
  std::uint64_t va = 0;    // first byte
  std::uint64_t bytes = 0; // a power of two; va and pa are multiples of it
  std::uint64_t pa = 0;    // of the first byte
  std::uint32_t rights = 0, memory_type = 0, key = 0, software = 0;
  bool accessed = false, dirty = false;

  friend bool operator==(const TlbLine&, const TlbLine&) = default;
};

class TlbModel {
 public:
  // va_bits: width of an address; sign_extended: the bits above repeat the highest of these, else they are 0.
  TlbModel(unsigned va_bits, bool sign_extended) : va_bits_(va_bits), sign_extended_(sign_extended) {}

  // A line whose address is not canonical is not kept.
  void fill(const TlbLine& line);
  void invalidate_page(std::uint32_t space, std::uint64_t va);
  void invalidate_range(std::uint32_t space, std::uint64_t first, std::uint64_t last); // inclusive
  void invalidate_space(std::uint32_t space);                                          // global lines stay
  void invalidate_all();

  // The one line that a lookup may return, other than nothing.
  [[nodiscard]] std::optional<TlbLine> may_hit(std::uint32_t space, std::uint64_t va) const;
  // Everything that may still be cached, in the order of the fills.
  [[nodiscard]] const std::vector<TlbLine>& lines() const { return lines_; }

 private:
  [[nodiscard]] bool canonical(std::uint64_t va) const;

  unsigned va_bits_;
  bool sign_extended_;
  std::vector<TlbLine> lines_;
};

} // namespace reference
