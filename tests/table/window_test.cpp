// The two windows on the slots of a node, PlainMemory's and the one that goes through the policy slot by
// slot: both find the same slots, wherever the one that differs is.
#include "src/table/memory.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pagetwin {
namespace {

constexpr unsigned slots = 40;
constexpr PhysAddr base{bytes_of(32)};

template <class Raw>
class WindowTest : public testing::Test {
 protected:
  using Plain = PlainWindow<HardwareFlags::off, Raw>;
  using BySlot = Window<PlainMemory<>, Raw>;

  void fill_with(Raw word) {
    for (unsigned i = 0; i < slots; ++i)
      plain().store(i, word);
  }
  [[nodiscard]] Plain plain() { return memory_.template window<Raw>(base); }
  [[nodiscard]] BySlot by_slot() { return BySlot(memory_, base); }

 private:
  std::vector<std::byte> bytes_ = std::vector<std::byte>(512);
  std::vector<NodeRecord> records_{1};
  NodePool pool_{bytes_, base, 9, records_};
  PlainMemory<> memory_{pool_};
};

struct NameOfWord {
  template <class Raw>
  static std::string GetName(int) {
    return std::to_string(8 * sizeof(Raw)) + "_bits";
  }
};
using Words = testing::Types<std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(WindowTest, Words, NameOfWord);

TYPED_TEST(WindowTest, NextLiveIsTheFirstThatIsNotZero) {
  for (unsigned place = 0; place < slots; ++place) {
    this->fill_with(0);
    this->plain().store(place, 1);
    for (unsigned from = 0; from < slots; ++from) {
      const unsigned found = from <= place ? place : slots;
      ASSERT_EQ(this->plain().next_live(from, slots), found);
      ASSERT_EQ(this->by_slot().next_live(from, slots), found);
    }
    ASSERT_EQ(this->plain().next_live(0, place), place);
  }
}

TYPED_TEST(WindowTest, AlikeCountsUpToTheFirstThatDiffersOutsideTheMask) {
  constexpr TypeParam word = 0x00f0'0107, but = 0x0ff0'0000;
  for (unsigned place = 0; place < slots; ++place) {
    this->fill_with(word);
    for (unsigned i = 0; i < slots; i += 3)
      this->plain().store(i, word ^ 0x0500'0000);
    this->plain().store(place, word ^ 0x10);
    for (unsigned from = 0; from < slots; ++from) {
      const unsigned count = from <= place ? place - from : slots - from;
      ASSERT_EQ(this->plain().alike(from, slots, word, but), count) << place << " from " << from;
      ASSERT_EQ(this->by_slot().alike(from, slots, word, but), count) << place << " from " << from;
    }
    ASSERT_EQ(this->plain().alike(0, place, word, but), place);
  }
}

TYPED_TEST(WindowTest, FlipChangesTheBitsOfTheSlotsThatAreMeantAndNoOther) {
  this->fill_with(0x1107);
  this->plain().flip(7, 20, 0x1002);
  for (unsigned i = 0; i < slots; ++i)
    ASSERT_EQ(this->plain().load(i), i >= 7 && i < 27 ? TypeParam{0x0105} : TypeParam{0x1107}) << i;
}

} // namespace
} // namespace pagetwin
