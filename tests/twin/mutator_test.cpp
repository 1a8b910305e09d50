// The mutator: what it makes decodes, keeps records whole, fits, changes things, and depends on the seed
// alone.
#include "fuzz/twin/mutator.hpp"
#include "fuzz/twin/swarm.hpp"
#include "tests/twin/toy_machine.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;

TEST(Mutator, EveryMutantFitsAndDecodesAndIsWholeRecords) {
  Mutator mutator(toy::schema);
  Bytes buffer(record_bytes * 40);
  std::size_t size = 0;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    size = mutator.mutate(buffer, size, seed);
    ASSERT_LE(size, buffer.size());
    ASSERT_EQ(size % record_bytes, 0U);
    EXPECT_EQ(decode(std::span(buffer).first(size), toy::schema).ops.size(), size / record_bytes - 1);
  }
}

TEST(Mutator, LiteralRecordsStayTogetherWithTheirNumbers) {
  const Program program{{1ULL << 40U}, {op(toy::put, 1ULL << 50U, 1ULL << 51U), op(toy::get, 1ULL << 52U)}};
  const Bytes original = encode(program, toy::schema);
  Mutator mutator(toy::schema);
  std::size_t kept = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Bytes buffer = original;
    buffer.resize(1024);
    const std::size_t size = mutator.mutate(buffer, original.size(), seed);
    const Program mutant = decode(std::span(buffer).first(size), toy::schema);
    const bool has_far =
        std::any_of(mutant.ops.begin(), mutant.ops.end(), [](const Op& o) { return o.value[0] >> 50U != 0; });
    kept += has_far ? 1 : 0;
  }
  EXPECT_GE(kept, 600U); // a quarter begins anew with the swarm
}

TEST(Mutator, DependsOnTheSeedAloneAndChangesMostly) {
  const Bytes original = swarm_program(toy::schema, 1, 20);
  std::size_t changed = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Bytes one = original;
    one.resize(original.size() + 160);
    Bytes other = one;
    const std::size_t size = Mutator(toy::schema).mutate(one, original.size(), seed);
    EXPECT_EQ(size, Mutator(toy::schema).mutate(other, original.size(), seed));
    EXPECT_EQ(one, other);
    one.resize(size);
    changed += one != original ? 1 : 0;
  }
  EXPECT_GE(changed, 475U);
}

TEST(Mutator, AFullBufferStaysFullOrShrinks) {
  Mutator mutator(toy::schema);
  const Bytes original = swarm_program(toy::schema, 2, 4);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Bytes buffer = original;
    EXPECT_LE(mutator.mutate(buffer, buffer.size(), seed), original.size());
  }
}

TEST(Mutator, ABufferTooSmallForARecordIsStillUsed) {
  Mutator mutator(toy::schema);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Bytes buffer(5);
    EXPECT_LE(mutator.mutate(buffer, 3, seed), 5U);
    EXPECT_EQ(mutator.mutate({}, 0, seed), 0U);
  }
}

TEST(Mutator, SometimesHandsOverToTheMutatorOfBytes) {
  static unsigned calls;
  calls = 0;
  const RawMutator count = [](std::uint8_t*, std::size_t size, std::size_t) {
    ++calls;
    return size;
  };
  Mutator mutator(toy::schema, count);
  Bytes buffer(256);
  for (std::uint64_t seed = 0; seed < 3200; ++seed)
    EXPECT_LE(mutator.mutate(buffer, 64, seed), buffer.size());
  EXPECT_GE(calls, 50U);
  EXPECT_LE(calls, 200U);
}

TEST(Mutator, CrossoverTakesWholeOperationsOfBoth) {
  const Program one{{1, 0}, std::vector<Op>(10, op(toy::put, 0x1000, 1))};
  const Program other{{2, 7}, std::vector<Op>(10, op(toy::drop, 0x2000))};
  const Bytes one_bytes = encode(one, toy::schema, Compact::yes);
  const Bytes other_bytes = encode(other, toy::schema);
  Mutator mutator(toy::schema);
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Bytes to(4096);
    const std::size_t size = mutator.cross_over(one_bytes, other_bytes, to, seed);
    const Program mixed = decode(std::span(to).first(size), toy::schema);
    const auto drops = std::count(mixed.ops.begin(), mixed.ops.end(), op(toy::drop, 0x2000));
    EXPECT_GE(drops, 1) << "seed " << seed;
    EXPECT_EQ(mixed.header, one.header);
    EXPECT_EQ(std::count(mixed.ops.begin(), mixed.ops.end(), op(toy::put, 0x1000, 1)) + drops,
              static_cast<std::ptrdiff_t>(mixed.ops.size()));
  }
}

TEST(Mutator, CrossoverOfNothingIsTheOther) {
  Mutator mutator(toy::schema);
  Bytes to(64);
  EXPECT_EQ(mutator.cross_over({}, {}, to, 1), record_bytes);
  EXPECT_EQ(mutator.cross_over({}, {}, {}, 1), 0U);
}

} // namespace
} // namespace pagetwin::twin
