// Every program of up to five of the paper's operations over two spaces, three pages and two frames, through
// the machine "spaces" with all of its oracles: of the programs that lead to one state of the model only the
// first is continued, as the model does not know how it came about. Ours does, by the order of its lists and
// of its free nodes, which only the fuzzer varies.
#include "fuzz/machines/spaces/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "fuzz/twin/run.hpp"

#include <gtest/gtest.h>
#include <set>

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t page = 0x1000, pages = 3, frames = 2;
constexpr unsigned spaces = 2, longest = 5;

twin::Op op(SpacesVerb verb, unsigned space, std::uint64_t at, unsigned to = 0, std::uint64_t window = 0) {
  const bool transfers = verb == SpacesVerb::map || verb == SpacesVerb::grant;
  return {.verb = static_cast<std::uint8_t>(verb),
          .value = {space, at * page, page, to, window * page, transfers ? page : 0, 7}};
}

std::vector<twin::Op> all_operations() {
  std::vector<twin::Op> all;
  for (unsigned s = 0; s < spaces; ++s)
    for (std::uint64_t v = 0; v < pages; ++v) {
      all.push_back(op(SpacesVerb::unmap, s, v));
      all.push_back(op(SpacesVerb::flush, s, v));
      for (unsigned n = 0; n < spaces; ++n)
        for (std::uint64_t w = 0; w < pages; ++w) {
          all.push_back(op(SpacesVerb::map, s, v, n, w));
          all.push_back(op(SpacesVerb::grant, s, v, n, w));
        }
    }
  return all;
}

// What the model holds after a program, in one string.
std::string state_after(const twin::Program& program) {
  reference::L4Spaces model(reference::tiny().profile());
  model.reset(spaces, frames * page);
  EXPECT_EQ(model.create(1), reference::L4Status::ok);
  for (const twin::Op& o : program.ops) {
    const auto space = static_cast<unsigned>(o.value[l4_space]), to = static_cast<unsigned>(o.value[l4_to]);
    const reference::L4Flexpage at{o.value[l4_va], page};
    const reference::L4Transfer transfer{space, to, at, 0, {o.value[l4_window], page}, reference::l4_all};
    switch (static_cast<SpacesVerb>(o.verb)) {
    case SpacesVerb::map:
      (void)model.map(transfer);
      break;
    case SpacesVerb::grant:
      (void)model.grant(transfer);
      break;
    case SpacesVerb::unmap:
      (void)model.unmap(space, at, reference::l4_all);
      break;
    default:
      (void)model.flush(space, at, reference::l4_all);
    }
  }
  std::string state;
  for (unsigned s = 0; s < spaces; ++s)
    for (const reference::L4Unit& unit : model.units(s))
      for (const std::uint64_t part :
           {std::uint64_t{s}, unit.base, unit.parent ? 1 + std::uint64_t{unit.parent->space} : 0,
            unit.parent ? unit.parent->va : unit.frame})
        state += std::to_string(part) + ",";
  return state;
}

TEST(SpacesExhaustive, NoProgramOfUpToFiveOperationsDivergesInTwoSpacesOfThreePages) {
  const auto machine = make_spaces_machine<Tiny, reference::tiny, Flexpages::no>({.thorough = true});
  const std::vector<twin::Op> operations = all_operations();
  twin::Program start;
  start.header = {48, 64, 16, spaces, frames * page, 0};
  std::set<std::string> seen{state_after(start)};
  std::vector<twin::Program> last{start};
  std::size_t programs = 0;
  for (unsigned length = 1; length <= longest; ++length) {
    std::vector<twin::Program> next;
    for (const twin::Program& before : last)
      for (const twin::Op& o : operations) {
        twin::Program program = before;
        program.ops.push_back(o);
        ++programs;
        const twin::Verdict verdict = twin::run(*machine, program);
        ASSERT_FALSE(verdict) << verdict->signature() << " after " << state_after(program);
        if (length < longest && seen.insert(state_after(program)).second)
          next.push_back(std::move(program));
      }
    last = std::move(next);
  }
  EXPECT_EQ(operations.size(), 84U);
  RecordProperty("programs", std::to_string(programs));
  EXPECT_GT(programs, 50000U);
}

} // namespace
} // namespace pagetwin::fuzz
