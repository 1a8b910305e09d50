// The memory machine: its operands are written and read back, a short swarm finds no divergence and meets
// every status of every verb, programs of one line too many are no harm, and a CPU that acknowledges what it
// did not do is found out.
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

using X86 = Case<X86_64_4, reference::x86_64_4, intel_break_rules>;

TEST(MemoryMachineForPeople, ExplainsAnAddressBySpaceAndByCpu) {
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

// CPU 1 acknowledges, and executes nothing.
class DeafCpu final : public Environment {
 public:
  explicit DeafCpu(Environment& to) : to_(&to) {}
  void wait_for(unsigned cpu) override { to_->wait_for(cpu); }
  [[nodiscard]] std::uint64_t load(std::uint64_t pa) override { return to_->load(pa); }
  void store(std::uint64_t pa, std::uint64_t word) override { to_->store(pa, word); }
  void invalidated(unsigned cpu, const Invalidation& i) override {
    if (cpu != 1)
      to_->invalidated(cpu, i);
  }
  void invalidated_all(unsigned cpu) override {
    if (cpu != 1)
      to_->invalidated_all(cpu);
  }

 private:
  Environment* to_;
};

class ADeafCpu : public testing::Test {
 protected:
  // What is said of the program.
  static std::string signature(std::string_view lines) {
    static std::optional<DeafCpu> deaf; // as long as the machine
    const auto subject = [](Watcher& watcher, Environment& environment, std::uint64_t bytes) {
      return make_os_subject<X86_64_4>(watcher, deaf.emplace(environment), bytes);
    };
    MemoryMachine machine({&X86::schema, subject, reference::x86_64_4, MemoryDomains<X86_64_4>::memory_bytes,
                           intel_break_rules},
                          {});
    const auto found = twin::run(machine, program_of(lines, X86::schema, "set spaces=2 cpus=2"));
    return found ? found->signature() : "";
  }
};

TEST_F(ADeafCpu, IsFoundByTheStalePageThatItHas) {
  EXPECT_EQ(signature("map s=1 va=0x1000 pa=0x9000 cpu=0 size=4K attrs=rw-u\n"
                      "protect s=1 va=0x1000 cpu=0 attrs=r--u\n"),
            "O6 tlb: hardware: stale rights");
}

TEST_F(ADeafCpu, IsFoundByWhatItMightHaveAlthoughItHasNothing) {
  EXPECT_EQ(signature("map s=1 va=0x1000 pa=0x9000 cpu=0 size=4K attrs=rw-u\n"
                      "idle cpu=1\n"
                      "protect s=1 va=0x1000 cpu=0 attrs=r--u\n"),
            "O6 tlb: not acknowledged");
}

TEST_F(ADeafCpu, IsFoundWhenANodeThatItMightWalkIsReleased) {
  EXPECT_EQ(signature("map s=1 va=0x1000 pa=0x9000 cpu=0 size=4K attrs=rw-u\n"
                      "idle cpu=1\n"
                      "unmap s=1 va=0x1000 cpu=0\n"),
            "O7 walk cache: node released before the acknowledgement");
}

TEST_F(ADeafCpu, IsFoundWhenASpaceThatItRanIsGone) {
  EXPECT_EQ(signature("idle cpu=0\n"
                      "idle cpu=1\n"
                      "destroy s=1 cpu=0\n"),
            "O7 walk cache: node released before the acknowledgement");
}

TEST_F(ADeafCpu, OwesNothingWhereNothingHadToGo) {
  EXPECT_EQ(signature("map s=1 va=0x1000 pa=0x9000 cpu=0 size=4K attrs=r--u\n"
                      "protect s=1 va=0x1000 cpu=0 attrs=rw-u\n"
                      "map s=1 va=0x2000 pa=0xa000 cpu=0 size=4K attrs=r--u\n"),
            "");
}

} // namespace
} // namespace pagetwin::fuzz
