// The codec: every byte string decodes, encoding is lossless, what old bytes mean does not move.
#include "fuzz/twin/codec.hpp"
#include "fuzz/twin/rng.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;

Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes)
    byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

Program random_program(Rng& rng) {
  Program program{{1 + rng.below(8), rng.next()}, {}};
  for (auto left = rng.below(12); left > 0; --left) {
    Op random{static_cast<std::uint8_t>(rng.below(toy::verbs.size())), {}};
    for (std::size_t field = 0; field < 3; ++field)
      random.value[field] = toy::verbs[random.verb].uses(field) ? rng.next() >> rng.below(64) : 0;
    program.ops.push_back(random);
  }
  return program;
}

// Seven selectors, little endian, after kind and tag.
void append(Bytes& to, std::uint8_t kind, std::uint8_t tag, std::array<std::uint16_t, 7> selectors) {
  to.push_back(kind);
  to.push_back(tag);
  for (const std::uint16_t selector : selectors) {
    to.push_back(static_cast<std::uint8_t>(selector & 0xFFU));
    to.push_back(static_cast<std::uint8_t>(selector >> 8U));
  }
}

TEST(Codec, EveryByteStringDecodesToAProgramThatEncodesBack) {
  Rng rng(1);
  for (std::size_t size = 0; size < 600; ++size) {
    const Program program = decode(random_bytes(rng, size), toy::schema);
    EXPECT_EQ(decode(encode(program, toy::schema), toy::schema), program) << "size " << size;
  }
}

TEST(Codec, EveryProgramSurvivesEncodingWhateverItsValues) {
  Rng rng(2);
  for (int round = 0; round < 2000; ++round) {
    const Program program = random_program(rng);
    EXPECT_EQ(decode(encode(program, toy::schema), toy::schema), program);
  }
}

TEST(Codec, CompactEncodingIsLosslessToo) {
  Rng rng(3);
  for (int round = 0; round < 5; ++round) {
    const Program program = random_program(rng);
    EXPECT_EQ(decode(encode(program, toy::schema, Compact::yes), toy::schema), program);
  }
}

TEST(Codec, CompactEncodingOfValuesThatSelectorsReachHasNoLiterals) {
  const Program program{{4, 9}, {op(toy::put, 0x5000, 3), op(toy::get, 0x5000)}};
  const Bytes bytes = encode(program, toy::schema, Compact::yes);
  EXPECT_EQ(bytes.size(), 3 * record_bytes);
  EXPECT_EQ(decode(bytes, toy::schema), program);
}

TEST(Codec, CompactEncodingFindsAddressesThatOnlyABackReferenceReaches) {
  const std::uint64_t far = 0xFFFF800000123000;
  const Program program{{4, 9}, {op(toy::put, far, 3), op(toy::get, far)}};
  const Bytes bytes = encode(program, toy::schema, Compact::yes);
  EXPECT_EQ(bytes.size(), 4 * record_bytes) << "header, a literal record with its numbers, a plain record";
  EXPECT_EQ(decode(bytes, toy::schema), program);
}

TEST(Codec, OldBytesKeepTheirMeaning) {
  Bytes bytes;
  append(bytes, 1, 0, {11, 2, 0, 0, 0, 0, 0});               // capacity 11 % 8 + 1, seed 9
  append(bytes, 0, 0, {0x0045, 0xBEEF, 77, 77, 77, 77, 77}); // put key (0x45 % 64) pages, value 0xBEEF
  append(bytes, 5 + 3, 0x12,
         {0x8000, 0, 1, 0, 0, 0, 0}); // 8 % 5: size of the same key, 2M; the tag is not looked at
  append(bytes, 0x20 + 1, 0xFF,
         {0x8001, 0, 0, 0, 0, 0, 0}); // get key two back; not literal, for bits of kind are missing
  bytes.resize(bytes.size() + 15);    // the rest is short of a record
  const Program expected{
      {4, 9}, {op(toy::put, 0x5000, 0xBEEF), {toy::size, {0x5000, 0, 0x200000}}, op(toy::get, 0x5000)}};
  EXPECT_EQ(decode(bytes, toy::schema), expected);
}

TEST(Codec, LiteralRecordsTakeTheirNumbersFromTheRecordsBehind) {
  Bytes bytes(record_bytes);
  append(bytes, 0xE0, 0x80 | 0b010, {3, 0, 0, 0, 0, 0, 0}); // put: the key by selector, the value literal
  append(bytes, 0xEF, 0xCD, {0xAB89, 0x4567, 0x0123, 0, 0, 0, 0});
  append(bytes, toy::nop, 0, {});
  const Program expected{{1, 0}, {op(toy::put, 0x3000, 0x0123'4567'AB89'CDEF), op(toy::nop)}};
  EXPECT_EQ(decode(bytes, toy::schema), expected);
}

TEST(Codec, ALiteralRecordWithoutItsNumbersIsAPlainOne) {
  Bytes bytes(record_bytes);
  append(bytes, 0xE0, 0xFF, {3, 4, 0, 0, 0, 0, 0}); // seven numbers would need four records
  append(bytes, toy::get, 0, {5, 0, 0, 0, 0, 0, 0});
  const Program expected{{1, 0}, {op(toy::put, 0x3000, 4), op(toy::get, 0x5000)}};
  EXPECT_EQ(decode(bytes, toy::schema), expected);
}

TEST(Codec, AShortHeaderIsFilledWithZeros) {
  const Program smallest{{1, 0}, {}};
  EXPECT_EQ(decode({}, toy::schema), smallest);
  const Bytes cut{1, 0, 3};
  const Program expected{{4, 0}, {}};
  EXPECT_EQ(decode(cut, toy::schema), expected);
}

TEST(Codec, UnknownVersionsDecodeAsTheFirst) {
  Rng rng(4);
  Bytes bytes = random_bytes(rng, 160);
  bytes[0] = 1;
  bytes[1] = 0;
  const Program expected = decode(bytes, toy::schema);
  for (unsigned version = 0; version < 256; ++version) {
    bytes[0] = static_cast<std::uint8_t>(version);
    EXPECT_EQ(decode(bytes, toy::schema), expected) << version;
  }
}

TEST(Codec, ProgramsFromBytesAreCutAtTheLimit) {
  const Bytes bytes(record_bytes * 6000);
  EXPECT_EQ(decode(bytes, toy::schema).ops.size(), 4096U);
  EXPECT_EQ(decode(bytes, toy::schema, 10).ops.size(), 10U);
}

TEST(Codec, ADecoderForgetsTheProgramBefore) {
  Decoder decoder(toy::schema);
  Rng rng(5);
  const Bytes first = random_bytes(rng, 400);
  const Bytes second = random_bytes(rng, 200);
  EXPECT_EQ(decoder.decode(first), decode(first, toy::schema));
  EXPECT_EQ(decoder.decode(second), decode(second, toy::schema));
}

TEST(Codec, AUnitIsARecordWithItsNumbers) {
  Bytes bytes;
  append(bytes, 0xE0, 0x87, {});
  EXPECT_EQ(unit_length(bytes), 16U) << "the numbers are missing";
  bytes.resize(48);
  EXPECT_EQ(unit_length(bytes), 48U);
  EXPECT_EQ(unit_length(std::span(bytes).first(15)), 0U);
}

TEST(History, BackWrapsAndIsZeroWhenThereIsNothing) {
  const std::vector<Op> ops{op(toy::put, 1), op(toy::put, 2)};
  const Values header{5};
  const Op now = op(toy::get, 9);
  const History history(header, ops, now);
  EXPECT_EQ(history.back(0), ops[1]);
  EXPECT_EQ(history.back(1), ops[0]);
  EXPECT_EQ(history.back(2), ops[1]);
  EXPECT_EQ(history.header(0), 5U);
  EXPECT_EQ(history.current(), now);
  EXPECT_EQ(History(header, {}, now).back(3), Op{});
}

} // namespace
} // namespace pagetwin::twin
