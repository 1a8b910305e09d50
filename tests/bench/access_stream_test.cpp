// The reader of access streams: what scripts/record --accesses writes, byte by byte, and every way in which a
// file can be none. Format: docs/traces.md, "Access streams".
#include "bench/access_stream.hpp"

#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace pagetwin::bench {
namespace {

using namespace std::string_literals;
using enum Access::Kind;

const std::string head = "pagetwin accesses 1\ncommand: a program\n\n";

struct Read {
  std::vector<Access> accesses;
  std::string command, error;
};
Read read(const std::string& bytes) {
  std::istringstream in(bytes);
  AccessStream stream(in);
  Read all;
  while (const auto access = stream.next())
    all.accesses.push_back(*access);
  all.command = stream.command();
  all.error = stream.error();
  return all;
}
std::string error_of(const std::string& records) { return read(head + records).error; }
// Where in the file the records begin, as errors count.
std::string offset(std::size_t in_records) {
  return "offset " + std::to_string(head.size() + in_records) + ": ";
}

TEST(AccessStream, ReadsEveryKindForwardsAndBackwards) {
  const Read all = read(head
                        + "\x08\x80\x40"s                // an instruction at 0x1000, 0x1000 from the start
                          "\x3c\x03"s                    // of 3 bytes, where the last one ended
                          "\x08\x0d"s                    // 7 bytes back
                          "\x0d\x90\x9c\x80\xf0\xff\x07" // data have an end of their own
                          "\x0e\x1f"                     // 16 bytes back
                          "\x23"                         // one byte, where the last ended
                          "\xff\x06"s);
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.accesses, (std::vector<Access>{{instruction, 0x1000, 4},
                                               {instruction, 0x1004, 3},
                                               {instruction, 0x1000, 4},
                                               {load, 0x1f'ff00'0708, 8},
                                               {store, 0x1f'ff00'0700, 8},
                                               {modify, 0x1f'ff00'0708, 1}}));
}

TEST(AccessStream, ReadsSizesThatAreNoPowersOfTwoAndAddressesOfTheUpperHalf) {
  const Read all = read(head + "\x19\x80\xa0\x01\x3e\x64\x04\xff\xff\xff\x09\x00\xfc\xff\xff\x09\xff\x04"s);
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.accesses, (std::vector<Access>{{load, 0x2800, 64},
                                               {store, 0x2840, 100},
                                               {instruction, 0xffff'ffff'ff60'0000, 2},
                                               {instruction, 0, 1}}));
}

TEST(AccessStream, KnowsTheCommand) { EXPECT_EQ(read(head + "\xff\x00"s).command, "a program"); }

TEST(AccessStream, EndsOnceAndForAll) {
  std::istringstream in(head + "\x08\x00\xff\x01"s);
  AccessStream stream(in);
  EXPECT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(stream.error(), "");
}

TEST(AccessStream, RefusesWhatIsNoStream) {
  EXPECT_EQ(read("").error, "offset 0: expected 'pagetwin accesses 1' in the first line");
  EXPECT_EQ(read("pagetwin 1 table\n").error, "offset 0: expected 'pagetwin accesses 1' in the first line");
  EXPECT_EQ(read("pagetwin accesses 1").error, "offset 0: expected 'pagetwin accesses 1' in the first line");
}

TEST(AccessStream, RefusesAHeadWithoutEnd) {
  EXPECT_EQ(read("pagetwin accesses 1\n").error,
            "offset 20: the file is cut off: expected a record, or the end record");
  EXPECT_EQ(read("pagetwin accesses 1\n" + std::string(5000, 'x')).error,
            "offset 4117: expected lines of text and an empty one before the records");
}

TEST(AccessStream, TellsWhereTheFileIsCutOff) {
  const std::string cut = "the file is cut off: expected a record, or the end record";
  EXPECT_EQ(error_of("\x08\x80\x40"s), offset(3) + cut);
  EXPECT_EQ(error_of("\x08\x80"s), offset(2) + cut);
  EXPECT_EQ(error_of("\x1c"s), offset(1) + cut);
  EXPECT_EQ(error_of("\xff"s), offset(1) + cut);
}

TEST(AccessStream, RefusesRecordsThatHaveNoMeaning) {
  EXPECT_EQ(error_of("\x28\x40\xff\x02"s), offset(1) + "expected a record: a byte below 64");
  EXPECT_EQ(error_of("\x28\x80\xff\x02"s), offset(1) + "expected a record: a byte below 64");
  EXPECT_EQ(error_of("\x3c\x00"s), offset(1) + "expected a size of at least one byte");
  EXPECT_EQ(error_of("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s),
            offset(1) + "expected a number of at most 64 bits");
  EXPECT_EQ(error_of("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s),
            offset(1) + "expected a number of at most 64 bits");
}

TEST(AccessStream, CountsWhatItReads) {
  EXPECT_EQ(error_of("\x28\xff\x02"s), offset(2) + "the end counts 2 accesses, the file has 1");
  EXPECT_EQ(error_of("\x28\xff\x01z"s), offset(3) + "expected nothing behind the end record");
}

} // namespace
} // namespace pagetwin::bench
