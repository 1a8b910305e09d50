// FlatMap against PageMap: random programs over the tiny profile, whose six sizes exercise every kind of
// split; every answer and whole contents are compared.
#include "reference/flat_map.hpp"
#include "reference/mmu/mmu.hpp"
#include "tests/reference/page_map.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace reference {

namespace {

template <typename Piece>
std::vector<Piece> copied(std::span<const Piece> from) {
  return {from.begin(), from.end()};
}

// One random program; operands come from small sets, so that operations meet.
class Duel {
 public:
  explicit Duel(unsigned seed) : random_(seed) {}

  void run(unsigned steps) {
    for (unsigned step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      const auto verb = static_cast<unsigned>(below(14));
      SCOPED_TRACE("step " + std::to_string(step) + " verb " + std::to_string(verb));
      one(verb);
      EXPECT_EQ(copied(flat_.regions()), pages_.regions());
      EXPECT_EQ(copied(flat_.markers()), pages_.markers());
      const std::uint64_t probe = va() + below(4096);
      EXPECT_EQ(flat_.lookup(probe), pages_.lookup(probe));
    }
  }

  [[nodiscard]] const std::map<Status, unsigned>& seen() const { return seen_; }

 private:
  void one(unsigned verb) {
    switch (verb) {
    case 0:
      return map();
    case 1:
    case 2:
      return map_range();
    case 3:
      return unmap();
    case 4:
    case 5:
      return protect();
    case 6:
      return remap();
    case 7:
      return promote();
    case 8:
      return harvest();
    case 9:
      return marks();
    case 10:
    case 11:
      return set_flags();
    case 12:
      return for_each();
    default:
      return rare_clear();
    }
  }

  void agree(Status flat, Status pages) {
    EXPECT_STREQ(to_text(flat), to_text(pages));
    ++seen_[flat];
  }

  void map() {
    const auto [at, frame, bytes, what] = std::tuple{va(), pa(), size(), attributes()};
    agree(flat_.map(at, frame, bytes, what).status, pages_.map(at, frame, bytes, what));
  }

  void map_range() {
    const auto [at, frame, bytes, what, most] = std::tuple{va(), pa(), length(), attributes(), size()};
    agree(flat_.map_range(at, frame, bytes, what, most).status,
          pages_.map_range(at, frame, bytes, what, most));
  }

  void unmap() {
    const auto [at, bytes] = std::tuple{va(), length()};
    std::vector<LeafRun> removed;
    const Collected got = flat_.unmap_collect(at, bytes);
    const PageCount expected = pages_.unmap(at, bytes, removed);
    agree(got.status, expected.status);
    EXPECT_EQ(got.bytes, expected.bytes);
    EXPECT_EQ(copied(got.leaves), removed);
  }

  void protect() {
    const auto [at, bytes, rights] = std::tuple{va(), length(), rights_of(attributes())};
    const Counted got = flat_.protect(at, bytes, rights);
    const PageCount expected = pages_.protect(at, bytes, rights);
    agree(got.status, expected.status);
    EXPECT_EQ(got.bytes, expected.bytes);
  }

  void remap() {
    const auto [at, frame] = std::tuple{va(), pa()};
    agree(flat_.remap(at, frame).status, pages_.remap(at, frame));
  }

  void promote() {
    const auto bytes = size();
    const auto at = below(8) == 0 ? va() : va() / (bytes | page) * (bytes | page);
    agree(flat_.promote(at, bytes).status, pages_.promote(at, bytes));
  }

  void harvest() {
    const auto [at, bytes, clear] = std::tuple{va(), length(), below(2) == 0};
    std::vector<LeafRun> expected;
    const Harvested got = flat_.harvest(at, bytes, clear);
    agree(got.status, pages_.harvest(at, bytes, clear, expected));
    EXPECT_EQ(copied(got.leaves), expected);
  }

  void marks() {
    const auto [at, bytes] = std::tuple{va(), size()};
    const std::uint64_t word = below(8) == 0 ? 0x100000000 : below(3);
    agree(flat_.mark(at, bytes, word).status, pages_.mark(at, bytes, word));
    const auto [other, wide] = std::tuple{va(), size()};
    const Marked got = flat_.marker(other, wide);
    const PageWord expected = pages_.marker(other, wide);
    agree(got.status, expected.status);
    EXPECT_EQ(got.word, expected.word);
  }

  void set_flags() {
    const auto [at, dirty] = std::tuple{va() + below(4096), below(2) == 0};
    agree(flat_.set_flags(at, true, dirty).status, pages_.set_flags(at, true, dirty));
  }

  void for_each() {
    const auto [at, bytes] = std::tuple{va(), length()};
    std::vector<Extent> expected;
    const Listed got = flat_.for_each(at, bytes);
    agree(got.status, pages_.for_each(at, bytes, expected));
    EXPECT_EQ(copied(got.extents), expected);
  }

  void rare_clear() {
    if (below(8) != 0)
      return;
    EXPECT_EQ(flat_.clear().bytes, pages_.clear().bytes);
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  // Mostly two windows: around address 0 and at the very top.
  std::uint64_t va() {
    const std::uint64_t offset = below(64) * page;
    switch (below(24)) {
    case 0:
      return 0x7F000 + offset;
    case 1:
      return offset + 1;
    case 2:
      return std::uint64_t{1} << 63 | offset;
    default:
      return below(2) == 0 ? offset : 0 - offset;
    }
  }

  std::uint64_t pa() {
    const std::uint64_t offset = below(64) * page;
    switch (below(32)) {
    case 0:
      return (std::uint64_t{1} << 40) - offset;
    case 1:
      return offset + 8;
    default:
      return below(2) == 0 ? offset : below(8) * 131072;
    }
  }

  std::uint64_t size() {
    if (below(24) == 0)
      return below(2) == 0 ? 12288 : below(2) * 262144;
    return page << below(6);
  }

  std::uint64_t length() {
    return below(48) == 0 ? below(4) * 1024 : (1 + below(below(4) == 0 ? 70 : 12)) * page;
  }

  Attributes attributes() {
    Attributes any;
    any.read = below(12) != 0;
    any.write = below(3) == 0;
    any.user = below(6) == 0;
    any.software = static_cast<std::uint16_t>(below(24) == 0 ? 16 : below(2));
    return any;
  }

  std::mt19937 random_;
  FlatMap flat_{tiny().profile()};
  PageMap pages_;
  std::map<Status, unsigned> seen_;
};

TEST(FlatMapAgainstPages, RandomProgramsAgreeInEveryAnswerAndContent) {
  std::map<Status, unsigned> seen;
  for (unsigned seed = 0; seed < 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Duel duel(seed);
    duel.run(150);
    for (const auto& [status, times] : duel.seen())
      seen[status] += times;
  }
  for (int status = 0; status <= static_cast<int>(Status::not_uniform); ++status)
    EXPECT_GT(seen[static_cast<Status>(status)], 20U) << to_text(static_cast<Status>(status));
}

} // namespace
} // namespace reference
