// The round-trip checks notice what they are for: a schema that loses values fails them.
#include "fuzz/twin/round_trip.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;

std::string signature_of(const Verdict& divergence) { return divergence ? divergence->signature() : "none"; }

TEST(RoundTrip, AGoodSchemaPasses) {
  const Program program{{8, ~0ULL}, {op(toy::put, ~0ULL, 1ULL << 63U)}};
  EXPECT_EQ(signature_of(check_program_round_trips(program, toy::schema)), "none");
  EXPECT_EQ(signature_of(check_program_round_trips(program, toy::schema, Compact::yes)), "none");
}

TEST(RoundTrip, APrintThatParseRefusesIsFound) {
  Schema schema = toy::schema;
  schema.fields[0].print = [](std::string& to, std::uint64_t) { to += "?"; };
  EXPECT_EQ(signature_of(check_program_round_trips({{1}, {op(toy::get)}}, schema)),
            "round trip: text refused");
}

TEST(RoundTrip, APrintThatLosesTheValueIsFound) {
  Schema schema = toy::schema;
  schema.fields[0].print = [](std::string& to, std::uint64_t) { to += "7"; };
  EXPECT_EQ(signature_of(check_program_round_trips({{1}, {op(toy::get, 7)}}, schema)), "none");
  EXPECT_EQ(signature_of(check_program_round_trips({{1}, {op(toy::get, 8)}}, schema)),
            "round trip: text differs");
}

TEST(RoundTrip, AProgramOutsideItsLimitsDoesNotSurviveBytes) {
  EXPECT_EQ(signature_of(check_program_round_trips({{9}, {}}, toy::schema)), "round trip: bytes differ");
}

TEST(RoundTrip, AProgramThatIsNotCanonicalDoesNotSurviveBytes) {
  const Program program{{1}, {op(toy::nop, 5)}}; // nop has no key
  EXPECT_EQ(signature_of(check_program_round_trips(program, toy::schema)), "round trip: bytes differ");
}

} // namespace
} // namespace pagetwin::twin
