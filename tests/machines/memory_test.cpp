// The memory machine: its operands are written and read back, a short swarm finds no divergence and meets
// every status of every verb, and programs of one line too many are no harm.
#include "fuzz/machines/memory/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "fuzz/twin/codec.hpp"
#include "fuzz/twin/round_trip.hpp"
#include "fuzz/twin/run.hpp"
#include "fuzz/twin/swarm.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"

#include <map>
#include <set>

namespace pagetwin::fuzz {
namespace {

template <Format F, const reference::Mmu& (*Mmu)(), const BreakRules& (*Rules)()>
struct Case {
  static constexpr const twin::Schema& schema = memory_schema<F>;
  static std::unique_ptr<twin::Machine> make() { return make_memory_machine<F, Mmu, Rules>({}); }
};
using Cases = testing::Types<Case<X86_64_4, reference::x86_64_4, intel_break_rules>,
                             Case<Tiny, reference::tiny, tiny_break_rules>>;

template <class C>
class MemoryMachineOf : public testing::Test {
 protected:
  [[nodiscard]] static twin::Program swarm(std::uint64_t seed) {
    return twin::decode(twin::swarm_program(C::schema, seed), C::schema);
  }
};
TYPED_TEST_SUITE(MemoryMachineOf, Cases);

TYPED_TEST(MemoryMachineOf, WritesAndReadsEveryOperandBack) {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const twin::Op& op : this->swarm(seed).ops)
      for (std::size_t field = 0; field < twin::max_fields; ++field)
        if (const twin::Domain& domain = TypeParam::schema.fields[field]; domain.used()) {
          EXPECT_EQ(twin::check_domain(domain, op.value[field]), std::nullopt);
        }
}

// What each verb can answer, by docs/hvisor.md.
const std::map<std::string, std::set<std::string>> reachable{
    {"map",
     {"ok", "misaligned", "bad_size", "out_of_range", "bad_attributes", "overlap", "out_of_memory",
      "unknown_space"}},
    {"unmap", {"ok", "ok dirty", "misaligned", "out_of_range", "not_mapped", "unknown_space"}},
    {"protect", {"ok", "misaligned", "out_of_range", "bad_attributes", "not_mapped", "unknown_space"}},
    {"split", {"ok", "misaligned", "bad_size", "out_of_range", "not_mapped", "not_uniform", "out_of_memory"}},
    {"promote", {"ok", "misaligned", "bad_size", "out_of_range", "not_uniform", "unknown_space"}},
    {"query", {"ok", "none"}},
    {"harvest", {"ok", "ok dirty", "not_mapped"}},
    {"read", {"ok", "ok cached", "fault", "misaligned", "unknown_space"}},
    {"write", {"ok", "ok cached", "fault"}},
    {"execute", {"ok", "ok cached", "fault"}},
    {"create", {"ok", "out_of_memory", "space_in_use"}},
    {"destroy", {"ok", "space_in_use", "unknown_space"}},
    {"activate", {"ok", "unknown_space"}},
};

TYPED_TEST(MemoryMachineOf, MeetsEveryStatusOfEveryVerbInASwarmWithoutADivergence) {
  const auto machine = TypeParam::make();
  std::map<std::string, std::set<std::string>> met;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const twin::Program program = this->swarm(seed);
    machine->begin(program);
    for (const twin::Op& op : program.ops) {
      const Verdict v = machine->step(op);
      ASSERT_FALSE(v) << v->headline << " in swarm program " << seed;
      const std::string outcome = machine->outcome();
      ASSERT_TRUE(twin::is_outcome(outcome, TypeParam::schema)) << outcome;
      met[std::string(TypeParam::schema.verbs[op.verb].name)].insert(outcome);
    }
    const Verdict end = machine->finish();
    ASSERT_FALSE(end) << end->headline << " at the end of swarm program " << seed;
  }
  for (const auto& [verb, outcomes] : reachable)
    for (const std::string& outcome : outcomes)
      EXPECT_TRUE(met[verb].contains(outcome)) << verb << " never answers " << outcome;
}

TYPED_TEST(MemoryMachineOf, DoesNothingWhenThereAreFewerNodesThanARoot) {
  const auto machine = TypeParam::make();
  twin::Program program = this->swarm(1);
  program.header[header_os_nodes] = 0;
  program.header[header_os_spaces] = 8;
  EXPECT_FALSE(twin::run(*machine, program));
}

TEST(MemoryMachineForPeople, ExplainsAnAddressBySpaceAndByCpu) {
  using X86 = Case<X86_64_4, reference::x86_64_4, intel_break_rules>;
  const auto machine = X86::make();
  const twin::Program program = program_of("map s=1 va=0x1000 pa=0x9000 cpu=0 size=4K attrs=rw-u\n"
                                           "read va=0x1008 cpu=1 arg=0\n"
                                           "write va=0x1008 cpu=1 arg=2\n"
                                           "idle cpu=0\n",
                                           X86::schema, "set spaces=2 cpus=2");
  machine->begin(program);
  for (const twin::Op& op : program.ops)
    EXPECT_FALSE(machine->step(op));
  EXPECT_EQ(machine->explain(0x1008), R"(space 0, tag 0
  model nothing
  bytes nothing
space 1, tag 1
  model 0x9008 size 0x1000 rw-u type 0 key 0 software 0
  bytes 0x9008 size 0x1000 rw-u type 0 key 0 software 0 accessed dirty
CPU 0 runs nothing
CPU 1 runs space 1
  cpu caches, of tag 1: 0x9008 size 0x1000 rw-u type 0 key 0 software 0
  hardware caches, of tag 1: 0x9008 size 0x1000 rw-u type 0 key 0 software 0 accessed dirty
)");
}

} // namespace
} // namespace pagetwin::fuzz
