// The memory machine: its operands are written and read back, a short swarm finds no divergence and meets
// every status of every verb, and programs of one line too many are no harm.
#include "fuzz/machines/memory/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/swarm.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

template <Format F, const reference::Mmu& (*Mmu)(), const BreakRules& (*Rules)()>
struct Case {
  static constexpr const twin::Schema& schema = memory_schema<F>;
  static std::unique_ptr<twin::Machine> make() { return make_memory_machine<F, Mmu, Rules>({}); }
};
using Cases = testing::Types<Case<X86_64_4, reference::x86_64_4, intel_break_rules>,
                             Case<Tiny, reference::tiny, tiny_break_rules>>;

template <class>
class MemoryMachineOf : public testing::Test {};
TYPED_TEST_SUITE(MemoryMachineOf, Cases);

TYPED_TEST(MemoryMachineOf, WritesAndReadsEveryOperandBack) {
  expect_operands_in_their_domains(TypeParam::schema);
}

// What each verb can answer, by docs/hvisor.md.
const Outcomes reachable{
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
    {"fill", {"ok", "none"}},
    {"create", {"ok", "out_of_memory", "space_in_use"}},
    {"destroy", {"ok", "space_in_use", "unknown_space"}},
    {"activate", {"ok", "unknown_space"}},
};

TYPED_TEST(MemoryMachineOf, MeetsEveryStatusOfEveryVerbInASwarmWithoutADivergence) {
  expect_swarm_meets(*TypeParam::make(), reachable, Answer::whole, 500, 500);
}

TYPED_TEST(MemoryMachineOf, DoesNothingWhenThereAreFewerNodesThanARoot) {
  const auto machine = TypeParam::make();
  twin::Program program = swarm(TypeParam::schema, 1);
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
