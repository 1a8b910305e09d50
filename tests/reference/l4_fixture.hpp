// What the tests of the L4 models share: a format with one size of pages, short names for operations on
// single pages (v is the number of a page), and whole contents as text.
#pragma once

#include "reference/l4_spaces.hpp"
#include "reference/mmu/mmu.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

namespace reference {

inline constexpr std::uint64_t l4_page = 0x1000;
inline constexpr L4Bits R = 1, W = 2, X = 4;

// The tiny format (docs/tiny.md), and the same with its smallest pages alone.
[[nodiscard]] inline const Profile& one_size() {
  static const Profile profile = [] {
    Profile small = tiny().profile();
    small.sizes = small.sizes.first(1);
    return small;
  }();
  return profile;
}

[[nodiscard]] inline std::string letters(L4Bits bits, const char* names) {
  std::string text;
  for (unsigned bit = 0; bit < 3; ++bit)
    if ((bits >> bit & 1U) != 0)
      text += names[bit];
  return text;
}

// "base+pages>space.parent rights!status", all in pages; +1 is left out, a Real parent is r and its frame, an
// area has = before its frame.
[[nodiscard]] inline std::string to_text(unsigned space, const L4Unit& unit) {
  const auto number = [](std::uint64_t va) { return std::to_string(va / l4_page); };
  std::string text = std::to_string(space) + "." + number(unit.base);
  if (unit.size != l4_page)
    text += "+" + number(unit.size);
  if (unit.parent)
    text += ">" + std::to_string(unit.parent->space) + "." + number(unit.parent->va);
  else
    text += (unit.area ? "=" : ">r") + number(unit.frame);
  text += " " + letters(unit.rights, "rwx");
  return unit.status == 0 ? text : text + "!" + letters(unit.status, "awx");
}

// Of the spaces from `first` on; there are at most eight.
[[nodiscard]] inline std::string contents(const L4Model& model, unsigned first = 1) {
  std::string all;
  for (unsigned space = first; space < 8; ++space)
    for (const L4Unit& unit : model.units(space))
      all += (all.empty() ? "" : ", ") + to_text(space, unit);
  return all;
}

[[nodiscard]] inline L4Flexpage pages_at(std::uint64_t v, std::uint64_t count = 1) {
  return {v * l4_page, count * l4_page};
}

// Spaces 0 to 3 of five exist; sigma0 has four pages.
class L4Session {
 public:
  explicit L4Session(L4Model& model) : model_(&model) {
    model.reset(5, 4 * l4_page);
    for (unsigned space = 1; space < 4; ++space)
      EXPECT_EQ(model.create(space), L4Status::ok);
  }

  // How many pages were set.
  std::uint64_t map(unsigned n, std::uint64_t v, unsigned n2, std::uint64_t v2, L4Bits mask = l4_all) {
    return good(model_->map({n, n2, pages_at(v), 0, pages_at(v2), mask})).pages;
  }
  std::uint64_t grant(unsigned n, std::uint64_t v, unsigned n2, std::uint64_t v2, L4Bits mask = l4_all) {
    return good(model_->grant({n, n2, pages_at(v), 0, pages_at(v2), mask})).pages;
  }
  L4Bits unmap(unsigned n, std::uint64_t v, L4Bits mask = l4_all, std::uint64_t count = 1) {
    return good(model_->unmap(n, pages_at(v, count), mask)).bits;
  }
  L4Bits flush(unsigned n, std::uint64_t v, L4Bits mask = l4_all, std::uint64_t count = 1) {
    return good(model_->flush(n, pages_at(v, count), mask)).bits;
  }
  void touch(unsigned n, std::uint64_t v, AccessKind kind) { model_->touch(n, v * l4_page, kind); }
  // The number of the frame.
  [[nodiscard]] std::optional<std::uint64_t> lookup(unsigned n, std::uint64_t v) const {
    const auto unit = model_->find(n, v * l4_page);
    return unit ? std::optional((unit->frame + (v * l4_page - unit->base)) / l4_page) : std::nullopt;
  }
  [[nodiscard]] std::string contents(unsigned first = 1) const { return reference::contents(*model_, first); }

 private:
  template <typename Answer>
  Answer good(const Answer& answer) {
    EXPECT_EQ(answer.status, L4Status::ok);
    EXPECT_EQ(model_->broken_invariant(), 0U);
    return answer;
  }

  L4Model* model_;
};

} // namespace reference
