// The x86-64 decoder against words assembled by hand from the Intel SDM volume 3A, chapter 4.
#include "reference/mmu/mmu.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace reference {
namespace {

constexpr std::uint64_t K4 = 0x1000;
constexpr std::uint64_t M2 = 0x200000;
constexpr std::uint64_t G1 = 0x40000000;

Decoded decode(std::uint64_t raw, unsigned level, const Mode& mode = {}) {
  return x86_64_4().decode(raw, level, 0, mode);
}

std::uint32_t violations(std::uint64_t raw, unsigned level, const Mode& mode = {}) {
  return decode(raw, level, mode).violations;
}

Decoded leaf(std::uint64_t address, std::uint64_t bytes, const Attributes& attributes, const Flags& flags) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.address = address;
  slot.bytes = bytes;
  slot.attributes = attributes;
  slot.flags = flags;
  return slot;
}

TEST(X86Decode, ZeroIsAHole) {
  Decoded hole;
  hole.bytes = M2;
  EXPECT_EQ(decode(0, 1), hole);
}

TEST(X86Decode, AMarkerIsTheUpperHalfOfAHole) {
  Decoded hole;
  hole.bytes = K4;
  hole.marker = 0xDEADBEEF;
  EXPECT_EQ(decode(0xDEADBEEF00000000, 0), hole);
}

TEST(X86Decode, AnyOtherAbsentPatternIsAViolation) {
  for (unsigned bit = 1; bit < 32; ++bit)
    EXPECT_EQ(violations(std::uint64_t{1} << bit, 0), violation::hole_pattern) << bit;
}

TEST(X86Decode, ATableAsOursWritesIt) {
  Decoded table;
  table.kind = SlotKind::table;
  table.address = 0x000ABCDEF0123000;
  table.bytes = G1;
  table.attributes = {.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(decode(0x000ABCDEF0123007, 2), table);
  table.flags.accessed = true;
  EXPECT_EQ(decode(0x000ABCDEF0123027, 2), table);
}

TEST(X86Decode, ATableWithAnyOtherBitIsNotOurs) {
  for (const std::uint64_t raw : {0x1003ULL, 0x1005ULL, 0x100FULL, 0x1017ULL, 0x1047ULL, 0x1107ULL, 0x1207ULL,
                                  0x0010000000001007ULL, 0x0800000000001007ULL, 0x8000000000001007ULL})
    EXPECT_EQ(violations(raw, 3), violation::table_bits) << std::hex << raw;
}

TEST(X86Decode, PageBitsOneByOne) {
  const Attributes r_x{.read = true, .execute = true};
  const auto with = [&r_x](auto change) {
    Attributes attributes = r_x;
    change(attributes);
    return leaf(0x5000, K4, attributes, {});
  };
  EXPECT_EQ(decode(0x5001, 0), leaf(0x5000, K4, r_x, {}));
  EXPECT_EQ(decode(0x5003, 0), with([](Attributes& a) { a.write = true; }));
  EXPECT_EQ(decode(0x5005, 0), with([](Attributes& a) { a.user = true; }));
  EXPECT_EQ(decode(0x5009, 0), with([](Attributes& a) { a.memory_type = 1; }));
  EXPECT_EQ(decode(0x5011, 0), with([](Attributes& a) { a.memory_type = 2; }));
  EXPECT_EQ(decode(0x5081, 0), with([](Attributes& a) { a.memory_type = 4; }));
  EXPECT_EQ(decode(0x5101, 0), with([](Attributes& a) { a.global = true; }));
  EXPECT_EQ(decode(0x5E01, 0), with([](Attributes& a) { a.software = 7; }));
  EXPECT_EQ(decode(0x0010000000005001, 0), with([](Attributes& a) { a.software = 8; }));
  EXPECT_EQ(decode(0x07F0000000005001, 0), with([](Attributes& a) { a.software = 0x3F8; }));
  EXPECT_EQ(decode(0x0800000000005001, 0), with([](Attributes& a) { a.key = 1; }));
  EXPECT_EQ(decode(0x7800000000005001, 0), with([](Attributes& a) { a.key = 15; }));
  EXPECT_EQ(decode(0x8000000000005001, 0), with([](Attributes& a) { a.execute = false; }));
  EXPECT_EQ(decode(0x5021, 0), leaf(0x5000, K4, r_x, {true, false}));
  EXPECT_EQ(decode(0x5041, 0), leaf(0x5000, K4, r_x, {false, true}));
}

TEST(X86Decode, PatMovesToBit12InLargePages) {
  EXPECT_EQ(decode(0x401081, 1), leaf(2 * M2, M2, {.read = true, .execute = true, .memory_type = 4}, {}));
  EXPECT_EQ(decode(0x40001081, 2), leaf(G1, G1, {.read = true, .execute = true, .memory_type = 4}, {}));
  EXPECT_EQ(decode(0x400081, 1), leaf(2 * M2, M2, {.read = true, .execute = true}, {}));
  EXPECT_EQ(decode(0x1081, 0), leaf(K4, K4, {.read = true, .execute = true, .memory_type = 4}, {}));
}

TEST(X86Decode, AFullWord) {
  const Attributes all{true, true, false, true, 7, true, 15, 1023};
  EXPECT_EQ(decode(0xFFFFFFFFFFFFFFFF, 0), leaf(0x000FFFFFFFFFF000, K4, all, {true, true}));
}

TEST(X86Decode, LargePagesReserveTheBitsBelowTheirFrame) {
  for (unsigned bit = 13; bit <= 20; ++bit)
    EXPECT_EQ(violations(0x81 | std::uint64_t{1} << bit, 1), violation::misaligned_frame) << bit;
  for (unsigned bit = 13; bit <= 29; ++bit)
    EXPECT_EQ(violations(0x81 | std::uint64_t{1} << bit, 2), violation::misaligned_frame) << bit;
  EXPECT_EQ(violations(0x200081, 1), 0U);
  EXPECT_EQ(violations(0x40000081, 2), 0U);
}

TEST(X86Decode, BitsBeyondMaxphyaddrAreReserved) {
  const Mode narrow{.pa_bits = 40};
  EXPECT_EQ(violations(0x0000010000000001, 0, narrow), violation::address_width);
  EXPECT_EQ(violations(0x0000010000000007, 1, narrow), violation::address_width);
  EXPECT_EQ(violations(0x000000FFFFFFF007, 1, narrow), 0U);
  EXPECT_EQ(violations(0x0008000000000001, 0), 0U);
}

TEST(X86Decode, ThePageSizeBitIsReservedAboveItsLevels) {
  EXPECT_EQ(violations(0x81, 3), violation::bad_level);
  EXPECT_EQ(x86_64_5().decode(0x81, 4, 0, {}).violations, violation::bad_level);
  EXPECT_EQ(violations(0x81, 2, {.pages_1g = false}), violation::bad_level);
  EXPECT_EQ(violations(0x81, 1, {.pages_1g = false}), 0U);
}

TEST(X86Decode, XdIsReservedWithoutNxe) {
  EXPECT_EQ(violations(0x8000000000001001, 0, {.nxe = false}), violation::no_execute_bit);
  EXPECT_EQ(violations(0x8000000000001001, 0), 0U);
}

TEST(X86Profile, IsWhatTheManualSays) {
  for (const Mmu* mmu : {&x86_64_4(), &x86_64_5()}) {
    const Profile& profile = mmu->profile();
    EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()),
              (std::vector<std::uint64_t>{K4, M2, G1}));
    EXPECT_EQ(profile.va_bits, mmu->levels() == 4 ? 48U : 57U);
    EXPECT_TRUE(profile.sign_extended);
    EXPECT_EQ(profile.pa_bits, 52U);
    EXPECT_EQ(profile.marker_bits, 32U);
    EXPECT_EQ(mmu->node_bytes(0), K4);
    EXPECT_EQ(mmu->span(3), 512 * G1);
  }
}

} // namespace
} // namespace reference
