// The descriptor machine: an Mmu with one bug is found by the oracle that exists for it, one without passes;
// operands survive text; and a short swarm meets every way in which a walk can end.
#include "fuzz/machines/descriptors/machine.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "fuzz/twin/round_trip.hpp"
#include "fuzz/twin/swarm.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"
#include "tests/table/kinds.hpp"

#include <map>
#include <set>

namespace pagetwin::fuzz {
namespace {

// AArch64 refuses no word: what is reserved is invalid, and a hole.
template <Format F, const reference::Mmu& (*Walker)(), bool Refuses = true>
struct Case {
  using Format = F;
  static constexpr bool refuses = Refuses;
  static constexpr const twin::Schema& schema = descriptor_schema<F>;
  static std::unique_ptr<twin::Machine> make() { return make_descriptor_machine<F, Walker>({}); }
};
using Cases =
    testing::Types<Case<X86_64_4, reference::x86_64_4>, Case<X86_64_5, reference::x86_64_5>,
                   Case<Ept4, reference::ept_4>, Case<RiscvSv39, reference::riscv_sv39>,
                   Case<RiscvSv48, reference::riscv_sv48>, Case<RiscvSv57x4, reference::riscv_sv57x4>,
                   Case<Aarch64S1_16k, reference::aarch64_s1_16k, false>,
                   Case<Aarch64S2_64k, reference::aarch64_s2_64k, false>, Case<Armv7, reference::armv7>,
                   Case<Tiny, reference::tiny>>;

template <class C>
class DescriptorMachineOf : public testing::Test {};
TYPED_TEST_SUITE(DescriptorMachineOf, Cases);

TYPED_TEST(DescriptorMachineOf, EveryOperandSurvivesText) {
  const auto& schema = TypeParam::schema;
  const twin::Program before = twin::decode(twin::swarm_program(schema, 1, 16), schema);
  for (std::size_t verb = 0; verb < schema.verbs.size(); ++verb)
    for (std::size_t field = 0; field < twin::max_fields; ++field)
      for (std::size_t s = 0; s < 65536 && schema.verbs[verb].uses(field); s += 7) {
        const twin::Op op{static_cast<std::uint8_t>(verb), before.ops.back().value};
        const twin::History history(before.header, before.ops, op);
        const auto value = schema.fields[field].decode(static_cast<std::uint16_t>(s), history);
        const auto problem = twin::check_domain(schema.fields[field], value);
        ASSERT_FALSE(problem) << *problem;
        ASSERT_EQ(schema.fields[field].limits_with(before.header).nearest(value), value);
      }
}

TYPED_TEST(DescriptorMachineOf, ASwarmMeetsEveryEndOfAWalk) {
  const auto machine = TypeParam::make();
  std::map<std::string, std::size_t> met;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const twin::Program swarm = twin::decode(twin::swarm_program(TypeParam::schema, seed), TypeParam::schema);
    machine->begin(swarm);
    for (const twin::Op& op : swarm.ops) {
      const auto divergence = machine->step(op);
      ASSERT_FALSE(divergence) << divergence->headline << " in swarm program " << seed;
      const std::string outcome = machine->outcome();
      ASSERT_TRUE(twin::is_outcome(outcome, TypeParam::schema)) << outcome;
      if (static_cast<DescriptorVerb>(op.verb) == DescriptorVerb::access)
        ++met[outcome.substr(0, outcome.find_last_of(' '))];
    }
    ASSERT_FALSE(machine->finish()) << "at the end of swarm program " << seed;
  }
  for (const char* end : {"not_present", "protection", "outside_memory"})
    EXPECT_GT(met[end], 100U) << end;
  if (TypeParam::refuses) {
    EXPECT_GT(met["reserved"], 100U);
  } else {
    EXPECT_EQ(met["reserved"], 0U);
  }
  EXPECT_EQ(met["non_canonical"] != 0, TypeParam::Format::sign_extended);
  EXPECT_GT(met["ok"], 100U);
}

// One bug each.
struct ForgetsReserved : X86_64_4 {
  static bool reserved(Raw, unsigned, unsigned) { return false; }
};
struct MarksNoTable : X86_64_4 {
  static Raw walked(Raw w, unsigned) { return w; }
};
struct MarksTablesDirty : X86_64_4 {
  static Raw walked(Raw w, unsigned) { return w | A.mask() | D.mask(); }
};
struct PermitsAll : X86_64_4 {
  static bool permits(Attributes, AccessKind, Privilege) { return true; }
};
struct ForgetsThePath : X86_64_4 {
  static Raw through(Raw path, Raw, unsigned) { return path; }
};
struct DirtiesByReading : X86_64_4 {
  static Raw with_flags(Raw w, Flags, unsigned) { return w | A.mask() | D.mask(); }
};
struct NeverSeesFlags : X86_64_4 {
  static Flags flags(Raw, unsigned) { return {}; }
};
struct EndsTooEarly : X86_64_4 { // a hole where the page's slot should be looked at
  static Kind kind(Raw w, unsigned level) { return level == 1 ? Kind::hole : X86_64_4::kind(w, level); }
};

struct Bug {
  const char* name;
  std::unique_ptr<twin::Machine> (*make)(const twin::MachineOptions&);
  const char* oracle;
  const char* key;
  const char* trace;
};
void PrintTo(const Bug& bug, std::ostream* to) { *to << bug.name; }

template <Format F>
constexpr auto broken = make_descriptor_machine<F, reference::x86_64_4>;

const Bug bugs[] = {
    {"ForgetsReserved", broken<ForgetsReserved>, "O3 walk", "access ok instead of reserved",
     "path va=0x0 to=0 size=2M attrs=r---\nflip va=0x0 size=2M bits=0x2000\naccess va=0x0 attrs=r---\n"},
    {"ForgetsReservedInALookup", broken<ForgetsReserved>, "O3 walk", "translation ok instead of reserved",
     "path va=0x0 to=0 size=2M attrs=r---\nflip va=0x0 size=2M bits=0x2000\nlookup va=0x0\n"},
    {"MarksNoTable", broken<MarksNoTable>, "O10 dirty", "marks in a word: table",
     "path va=0x0 to=0 size=2M attrs=r---\naccess va=0x0 attrs=r---\n"},
    {"MarksTablesDirty", broken<MarksTablesDirty>, "O10 dirty", "marks in a word: table",
     "path va=0x0 to=0 size=2M attrs=r---\naccess va=0x0 attrs=r---\n"},
    {"PermitsAll", broken<PermitsAll>, "O3 walk", "access ok instead of protection",
     "path va=0x0 to=0 size=4K attrs=r---\naccess va=0x0 attrs=-w--\n"},
    {"ForgetsThePath", broken<ForgetsThePath>, "O3 walk", "access translation attributes",
     "path va=0x0 to=0 size=4K attrs=rw--\nflip va=0x0 size=2M bits=0x2\naccess va=0x0 attrs=r---\n"},
    {"DirtiesByReading", broken<DirtiesByReading>, "O10 dirty", "marks in a word: leaf",
     "path va=0x0 to=0 size=4K attrs=rw--\naccess va=0x0 attrs=r---\n"},
    {"NeverSeesFlags", broken<NeverSeesFlags>, "O15 progress", "a walk makes no progress",
     "path va=0x0 to=0 size=4K attrs=rw--\naccess va=0x0 attrs=r---\n"},
    {"EndsTooEarly", broken<EndsTooEarly>, "O3 walk", "access level of not_present",
     "path va=0x0 to=0 size=4K attrs=rw--\naccess va=0x1000 attrs=r---\n"},
};

class DescriptorOracle : public testing::TestWithParam<Bug> {};
INSTANTIATE_TEST_SUITE_P(All, DescriptorOracle, testing::ValuesIn(bugs), NameOfParam{});

TEST_P(DescriptorOracle, FindsItsBugAndNothingWithoutIt) {
  const Bug& bug = GetParam();
  const twin::Program program = program_of(bug.trace, descriptor_schema<X86_64_4>, "set nodes=4");
  const auto sound = broken<X86_64_4>({.paranoid = true});
  EXPECT_TRUE(agrees(*sound, program));
  const auto divergence = twin::run(*bug.make({}), program);
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->oracle, bug.oracle) << divergence->headline;
  EXPECT_EQ(divergence->key, bug.key);
  EXPECT_EQ(divergence->step, program.ops.size() - 1);
}

TEST(WalkedMemory, AnswersNothingBeyondItsNodesAndStopsWhoAsksAllTheSame) {
  WalledMemory memory(1 << 30, 4096);
  memory.restart(64);
  WalkedMemory walked(memory);
  const PhysAddr first{1 << 30};
  EXPECT_TRUE(walked.contains<std::uint64_t>(first));
  EXPECT_TRUE(walked.contains<std::uint64_t>(first + 56));
  EXPECT_FALSE(walked.contains<std::uint64_t>(first + 57));
  EXPECT_FALSE(walked.contains<std::uint64_t>(PhysAddr{(1 << 30) - 8}));
  EXPECT_FALSE(walked.contains<std::uint64_t>(PhysAddr{~std::uint64_t{0} - 3}));
  EXPECT_THROW((void)walked.load<std::uint64_t>(first + 64), Runaway);
}

TEST(WalledMemoryDeathTest, ABytePastTheEndCannotBeRead) {
  WalledMemory memory(1 << 30, 4096);
  memory.restart(64);
  const volatile std::byte* const end = memory.bytes().data() + 64;
  EXPECT_DEATH((void)*end, "");
}

} // namespace
} // namespace pagetwin::fuzz
