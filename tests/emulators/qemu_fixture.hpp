// Tables made by hand for QEMU's walkers, and what all their tests share. Skipped where QEMU or its guests
// are missing.
#pragma once

#include "fuzz/emulators/qemu.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>

namespace pagetwin::emulators {

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }

// Nodes one below the other, each linked by the first word of the one above; words are set by level and
// index.
class Tables {
 public:
  Tables(unsigned levels, std::size_t node_bytes, std::size_t root_bytes,
         std::uint64_t (*link)(std::uint64_t))
      : levels_(levels), node_bytes_(node_bytes), root_bytes_(root_bytes),
        bytes_(root_bytes + (levels - 1) * node_bytes) {
    for (unsigned level = levels - 1; level > 0; --level)
      set(level, 0, link(node(level - 1)));
  }
  [[nodiscard]] std::uint64_t node(unsigned level) const {
    return level == levels_ - 1 ? image_base : image_base + root_bytes_ + (levels_ - 2 - level) * node_bytes_;
  }
  void set(unsigned level, unsigned index, std::uint64_t word) {
    std::memcpy(&bytes_[node(level) - image_base + std::size_t{8} * index], &word, sizeof word);
  }
  [[nodiscard]] std::uint64_t word(unsigned level, unsigned index) const {
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes_[node(level) - image_base + std::size_t{8} * index], sizeof word);
    return word;
  }
  [[nodiscard]] Image image() { return {image_base, bytes_, node(levels_ - 1)}; }

 private:
  unsigned levels_;
  std::size_t node_bytes_, root_bytes_;
  std::vector<std::byte> bytes_;
};

class QemuTest : public testing::Test {
 protected:
  void open(Opened opened) {
    if (const auto* absent = std::get_if<Absent>(&opened))
      GTEST_SKIP() << absent->emulator << ": " << absent->reason;
    oracle_ = std::get<Oracle>(std::move(opened));
  }
  [[nodiscard]] Qemu& emulator() { return dynamic_cast<Qemu&>(*oracle_.emulator); }
  [[nodiscard]] Answer ask(std::string_view format, Tables& tables, const Probe& probe) {
    std::array<Answer, 1> answers{};
    emulator().walk(format, tables.image(), std::array{probe}, answers);
    return answers[0];
  }

 private:
  Oracle oracle_;
};

constexpr Probe kernel(Kind kind, std::uint64_t va) { return {va, kind, false}; }
constexpr Probe user(Kind kind, std::uint64_t va) { return {va, kind, true}; }

inline void expect_ok(const Answer& answer, std::optional<std::uint64_t> pa) {
  EXPECT_EQ(answer.outcome, Outcome::ok);
  EXPECT_EQ(answer.pa, pa);
}
inline void expect_fault(const Answer& answer, Outcome outcome,
                         std::optional<unsigned> level = std::nullopt) {
  EXPECT_EQ(answer.outcome, outcome);
  EXPECT_EQ(answer.level, level);
  EXPECT_EQ(answer.pa, std::nullopt);
}

inline constexpr std::uint64_t frame = 0x12'3456'7000;

} // namespace pagetwin::emulators
