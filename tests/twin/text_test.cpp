// The text trace: lossless both ways, and every mistake is told with file, line, column, what was expected
// and what was found.
#include "fuzz/twin/limits.hpp"
#include "fuzz/twin/minimise.hpp"
#include "fuzz/twin/rng.hpp"
#include "fuzz/twin/round_trip.hpp"
#include "fuzz/twin/text.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;

constexpr std::string_view golden = "pagetwin 1 toy\n"
                                    "target toy_store\n"
                                    "set capacity=4 seed=9\n"
                                    "put key=0x5000 value=0x3 -> ok\n"
                                    "size key=0x5000 size=2M\n"
                                    "nop\n"
                                    "get key=0x5000 -> ok found\n";

Trace golden_trace() {
  Trace trace;
  trace.program = {
      {4, 9},
      {op(toy::put, 0x5000, 3), {toy::size, {0x5000, 0, 0x200000}}, op(toy::nop), op(toy::get, 0x5000)}};
  trace.target = "toy_store";
  trace.expectations = {"ok", "", "", "ok found"};
  trace.lines = {4, 5, 6, 7};
  return trace;
}

Trace parsed(std::string_view text) {
  ParseResult result = parse_text(text, toy::schema, "a.ops");
  if (const auto* error = std::get_if<ParseError>(&result)) {
    ADD_FAILURE() << error->to_string();
    return {};
  }
  return std::get<Trace>(std::move(result));
}

std::string error_of(std::string_view text) {
  const ParseResult result = parse_text(text, toy::schema, "a.ops");
  const auto* error = std::get_if<ParseError>(&result);
  return error == nullptr ? "no error" : error->to_string();
}

std::string error_of_op(const std::string& line) { return error_of("pagetwin 1 toy\n" + line + "\n"); }

void expect_same(const Trace& one, const Trace& other) {
  EXPECT_EQ(one.program, other.program);
  EXPECT_EQ(one.target, other.target);
  EXPECT_EQ(one.expectations, other.expectations);
  EXPECT_EQ(one.lines, other.lines);
}

TEST(Text, IsReadAndWrittenTheSame) {
  expect_same(parsed(golden), golden_trace());
  EXPECT_EQ(print_text(golden_trace(), toy::schema), golden);
}

TEST(Text, CommentsBlanksOrderAndCarriageReturnsDoNotMatter) {
  const Trace trace =
      parsed("# a comment\r\n\r\n  \t\npagetwin  1\ttoy # first\r\n"
             "target toy_store\r\nset seed=9\r\nset capacity=4\r\n"
             "  put value=3   key=20480 ->   ok  # yes\r\n#\nsize size=2048K key=0x5000\nnop\n"
             "get key=0x5000->ok found");
  Trace expected = golden_trace();
  expected.lines = {8, 10, 11, 12};
  expect_same(trace, expected);
}

TEST(Text, HeaderFieldsLeftOutAreThoseOfSelectorZero) {
  const Program expected{{1, 0}, {op(toy::nop)}};
  EXPECT_EQ(parsed("pagetwin 1 toy\nnop\n").program, expected);
}

TEST(Text, EveryDecodedProgramSurvives) {
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes(rng.below(300));
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(rng.next());
    EXPECT_EQ(check_program_round_trips(decode(bytes, toy::schema), toy::schema).has_value(), false);
  }
}

TEST(Text, TheFirstLineIsCheckedWordByWord) {
  const std::string first = " (the first line is 'pagetwin 1 toy')";
  EXPECT_EQ(error_of(""), "a.ops:1:1: expected 'pagetwin 1 toy', found the end of the file");
  EXPECT_EQ(error_of("# only\n\n"), "a.ops:2:1: expected 'pagetwin 1 toy', found the end of the file");
  EXPECT_EQ(error_of("nop\n"), "a.ops:1:1: expected 'pagetwin'" + first + ", found 'nop'");
  EXPECT_EQ(error_of("pagetwin\n"), "a.ops:1:9: expected '1'" + first + ", found the end of the line");
  EXPECT_EQ(error_of("pagetwin 2 toy\n"), "a.ops:1:10: expected '1'" + first + ", found '2'");
  EXPECT_EQ(error_of("pagetwin 1 table\n"), "a.ops:1:12: expected 'toy'" + first + ", found 'table'");
  EXPECT_EQ(error_of("pagetwin 1 toy too\n"), "a.ops:1:16: expected the end of the line, found 'too'");
}

TEST(Text, AByteOrderMarkIsNamed) {
  for (const char* const text :
       {"\xEF\xBB\xBFpagetwin 1 toy\n", "\xEF\xBB\xBF# only\r\npagetwin 1 toy\r\n"}) {
    EXPECT_TRUE(looks_like_text(text));
    EXPECT_EQ(error_of(text), "a.ops:1:1: expected 'pagetwin 1 toy', found a byte-order mark; "
                              "save the file without one");
  }
}

TEST(Text, TargetAndSetComeOnceAndFirst) {
  EXPECT_EQ(error_of_op("target"), "a.ops:2:7: expected the name of a target, found the end of the line");
  EXPECT_EQ(error_of_op("target a b"), "a.ops:2:10: expected the end of the line, found 'b'");
  EXPECT_EQ(error_of_op("target a\ntarget b"), "a.ops:3:1: expected one target line, found 'target'");
  EXPECT_EQ(error_of_op("nop\ntarget b"),
            "a.ops:3:1: expected target before the first operation, found 'target'");
  EXPECT_EQ(error_of_op("nop\nset seed=1"),
            "a.ops:3:1: expected set before the first operation, found 'set'");
  EXPECT_EQ(error_of_op("set seed=1 -> ok"),
            "a.ops:2:11: expected the end of the line, found an outcome ('->') on a line that has none");
  EXPECT_EQ(error_of_op("set seed=1\nset seed=2"), "a.ops:3:5: expected seed once, found 'seed=2'");
  EXPECT_EQ(error_of_op("set sead=1"),
            "a.ops:2:5: expected name=value with one of capacity, seed, found 'sead=1'");
}

TEST(Text, AValueOutsideItsLimitsIsRefused) {
  EXPECT_EQ(error_of_op("set capacity=9"), "a.ops:2:14: expected capacity from 1 to 8, found '9'");
  EXPECT_EQ(error_of_op("set seed=7 capacity=0x0"), "a.ops:2:21: expected capacity from 1 to 8, found '0x0'");
  EXPECT_EQ(error_of_op("set capacity=8\nnop"), "no error");
}

// Keys below the capacity.
Schema with_limited_keys() {
  Schema schema = toy::schema;
  schema.fields[0].limits = [](const Values& header) { return Limits{0, header[0] - 1}; };
  return schema;
}

TEST(Text, LimitsOfAnOperationAreThoseOfItsHeader) {
  const auto error_with = [](const std::string& capacity) {
    const std::string text = "pagetwin 1 toy\nset capacity=" + capacity + "\nget key=2 -> ok\n";
    const ParseResult result = parse_text(text, with_limited_keys(), "a.ops");
    const auto* error = std::get_if<ParseError>(&result);
    return error == nullptr ? "no error" : error->to_string();
  };
  EXPECT_EQ(error_with("2"), "a.ops:3:9: expected key from 0 to 1, found '2'");
  EXPECT_EQ(error_with("3"), "no error");
}

TEST(Text, BytesAndTheMinimiserStayWithinLimits) {
  const Schema schema = with_limited_keys();
  Program program{{100, 9}, {op(toy::put, 7, 1ULL << 50U), op(toy::nop), op(toy::get, 8)}};
  const Program kept{{8, 9}, {op(toy::put, 7, 1ULL << 50U), op(toy::nop), op(toy::get, 7)}};
  EXPECT_EQ(decode(encode(program, schema), schema), kept);
  keep_limits(program, schema);
  EXPECT_EQ(program, kept);
  const auto has_all = [](const Program& p) { return p.ops.size() == 3 && p.ops[1].verb == toy::nop; };
  const Program small = reduce(program, schema, has_all).program;
  EXPECT_EQ(small.header, (Values{1, 0}));
  EXPECT_FALSE(check_program_round_trips(small, schema));
}

TEST(Text, OperationsNeedEveryFieldOnceAndNoOther) {
  EXPECT_EQ(error_of_op("poke key=1"),
            "a.ops:2:1: expected a verb (put, get, drop, size, nop), found 'poke'");
  EXPECT_EQ(error_of_op("put key=1"), "a.ops:2:10: expected value of put, found the end of the line");
  EXPECT_EQ(error_of_op("put"), "a.ops:2:4: expected key, value of put, found the end of the line");
  EXPECT_EQ(error_of_op("put key=1 key=2 value=3"), "a.ops:2:11: expected key once, found 'key=2'");
  EXPECT_EQ(error_of_op("get key=1 value=3"),
            "a.ops:2:11: expected name=value with one of key, found 'value=3'");
  EXPECT_EQ(error_of_op("get key"), "a.ops:2:5: expected name=value with one of key, found 'key'");
  EXPECT_EQ(error_of_op("nop x=1"), "a.ops:2:5: expected name=value with one of no field, found 'x=1'");
  EXPECT_EQ(error_of_op("get key="), "a.ops:2:9: expected a number such as 12 or 0x1f, below 2^64, found ''");
  EXPECT_EQ(error_of_op("get key=0xG"),
            "a.ops:2:9: expected a number such as 12 or 0x1f, below 2^64, found '0xG'");
  EXPECT_EQ(error_of_op("size key=1 size=4Q"),
            "a.ops:2:17: expected a size such as 4K, 2M or 0x3000, below 2^64, found '4Q'");
}

TEST(Text, OutcomesNeedAVerbBeforeAndAWordBehind) {
  EXPECT_EQ(error_of_op("nop ->"), "a.ops:2:7: expected an outcome after '->', found the end of the line");
  EXPECT_EQ(error_of_op("nop -> # ok"),
            "a.ops:2:7: expected an outcome after '->', found the end of the line");
  EXPECT_EQ(error_of_op("-> ok"), "a.ops:2:1: expected a verb before '->', found '->'");
}

TEST(Text, AnOutcomeThatTheMachineNeverSaysIsMisspelt) {
  const std::string expected =
      ": expected an outcome (ok, ok found, missing, full; a number may follow), found ";
  EXPECT_EQ(error_of_op("nop -> okk # ?"), "a.ops:2:8" + expected + "'okk'");
  EXPECT_EQ(error_of_op("nop\nget key=1 ->  ok fuond"), "a.ops:3:15" + expected + "'ok fuond'");
  EXPECT_EQ(error_of_op("nop -> found"), "a.ops:2:8" + expected + "'found'") << "a part of one is none";
  EXPECT_EQ(error_of_op("nop -> 12"), "a.ops:2:8" + expected + "'12'");
  EXPECT_EQ(error_of_op("nop -> full 0x1G"), "a.ops:2:8" + expected + "'full 0x1G'");
  EXPECT_EQ(parsed("pagetwin 1 toy\nnop -> missing\nnop -> full 0x10\nnop -> ok 3\n").expectations,
            (std::vector<std::string>{"missing", "full 0x10", "ok 3"}));
  Schema any = toy::schema;
  any.outcomes = {};
  EXPECT_TRUE(is_outcome("whatever it says", any));
}

TEST(Text, JunkIsQuotedReadably) {
  EXPECT_EQ(error_of(std::string_view("pagetwin 1 toy\n\0\xFFnop\n", 21)),
            "a.ops:2:1: expected a verb (put, get, drop, size, nop), found '\\x00\\xffnop'");
  EXPECT_EQ(error_of_op("get key=" + std::string(50, '9')),
            "a.ops:2:9: expected a number such as 12 or 0x1f, below 2^64, found '" + std::string(40, '9')
                + "...'");
}

TEST(Text, TooMuchIsRefused) {
  EXPECT_EQ(error_of_op("nop #" + std::string(4096, ' ')),
            "a.ops:2:4097: expected a line of at most 4096 bytes, found one of 4101");
  EXPECT_EQ(error_of(std::string(max_text_bytes + 1, '#')),
            "a.ops: expected a trace of at most 64 MiB, found 67108865 bytes");
  std::string many = "pagetwin 1 toy\n";
  for (std::size_t i = 0; i <= max_text_ops; ++i)
    many += "nop\n";
  EXPECT_EQ(error_of(many), "a.ops:1000002:1: expected at most 1000000 operations, found one more");
}

TEST(Text, NoJunkBreaksTheReaderAndErrorsPointIntoTheFile) {
  Rng rng(2);
  for (int round = 0; round < 20000; ++round) {
    std::string text(golden);
    for (auto left = 1 + rng.below(4); left > 0; --left)
      text[rng.below(text.size())] = static_cast<char>(rng.next());
    text.resize(rng.below(text.size() + 1));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto divergence = check_round_trips({bytes, text.size()}, toy::schema);
    EXPECT_EQ(divergence ? divergence->headline + "\n" + divergence->details : "", "");
  }
}

TEST(Text, IsToldFromBytesByContent) {
  EXPECT_TRUE(looks_like_text(golden));
  EXPECT_TRUE(looks_like_text("# comment \xC3\xA9\n\n  pagetwin 1 toy\n\xFF"));
  EXPECT_TRUE(looks_like_text("map s=0 va=0x1000 and no first line\n")) << "plainly text";
  EXPECT_FALSE(looks_like_text(""));
  EXPECT_FALSE(looks_like_text("\n")) << "libFuzzer's first input";
  EXPECT_FALSE(looks_like_text(std::string_view("\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17)));
}

TEST(Text, ReadTraceTakesBothKinds) {
  const Bytes bytes = encode(golden_trace().program, toy::schema);
  const std::string content(bytes.begin(), bytes.end());
  const ParseResult from_bytes = read_trace(content, toy::schema, "crash-1");
  const ParseResult from_text = read_trace(golden, toy::schema, "a.ops");
  const ParseResult plain_text = read_trace("this is not a trace\n", toy::schema, "notes.txt");
  EXPECT_EQ(std::get<Trace>(from_bytes).program, golden_trace().program);
  EXPECT_EQ(std::get<Trace>(from_text).program, golden_trace().program);
  EXPECT_EQ(std::get<ParseError>(plain_text).to_string(),
            "notes.txt:1:1: expected 'pagetwin' (the first line is 'pagetwin 1 toy'), found 'this'");
}

} // namespace
} // namespace pagetwin::twin
