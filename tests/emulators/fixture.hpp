// Tables made by hand for foreign MMUs, and what the tests of all of them share.
// Skipped, with the reason, where an emulator is missing.
#pragma once

#include "fuzz/emulators/bits.hpp"
#include "fuzz/emulators/oracles.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>

namespace pagetwin::emulators {

inline constexpr std::uint64_t tables_base = bit(32);

// Nodes one below the other, each linked by the first word of the one above; words are set by level and
// index.
class Tables {
 public:
  struct Words {
    std::size_t bytes = 8;
    std::uint64_t base = tables_base; // of the root
  };
  Tables(unsigned levels, std::size_t node_bytes, std::size_t root_bytes,
         std::uint64_t (*link)(std::uint64_t), Words words)
      : levels_(levels), node_bytes_(node_bytes), root_bytes_(root_bytes), words_(words),
        bytes_(root_bytes + (levels - 1) * node_bytes) {
    for (unsigned level = levels - 1; level > 0; --level)
      set(level, 0, link(node(level - 1)));
  }
  Tables(unsigned levels, std::size_t node_bytes, std::size_t root_bytes,
         std::uint64_t (*link)(std::uint64_t))
      : Tables(levels, node_bytes, root_bytes, link, Words{}) {}
  [[nodiscard]] std::uint64_t node(unsigned level) const { return words_.base + offset(level); }
  void set(unsigned level, unsigned index, std::uint64_t word) {
    std::memcpy(&bytes_[offset(level) + words_.bytes * index], &word, words_.bytes);
  }
  [[nodiscard]] std::uint64_t word(unsigned level, unsigned index) const {
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes_[offset(level) + words_.bytes * index], words_.bytes);
    return word;
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  [[nodiscard]] Image image() { return {words_.base, bytes_, node(levels_ - 1)}; }

 private:
  [[nodiscard]] std::size_t offset(unsigned level) const {
    return level == levels_ - 1 ? 0 : root_bytes_ + (levels_ - 2 - level) * node_bytes_;
  }

  unsigned levels_;
  std::size_t node_bytes_, root_bytes_;
  Words words_;
  std::vector<std::byte> bytes_;
};

class EmulatorTest : public testing::Test {
 protected:
  void open(Opened opened) {
    if (const auto* absent = std::get_if<Absent>(&opened))
      GTEST_SKIP() << absent->emulator << ": " << absent->reason;
    oracle_ = std::get<Oracle>(std::move(opened));
  }
  [[nodiscard]] Emulator& emulator() { return *oracle_.emulator; }
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
