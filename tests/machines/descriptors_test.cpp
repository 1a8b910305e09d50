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
#include "tests/machines/forwarding_mmu.hpp"
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

// A mark where the access had nothing to mark: in the third node, which nothing else stores to.
class Stray final : public ForwardingMmu {
 public:
  Stray() : ForwardingMmu(reference::aarch64_s2_16k()) {}
  reference::Walk access(const reference::PhysicalMemory& memory, std::uint64_t root, std::uint64_t va,
                         const reference::Access& asked, const reference::Mode& mode) const override {
    memory.store(memory.pa_base + 0x9'0008, 0x400);
    return ForwardingMmu::access(memory, root, va, asked, mode);
  }
};
const reference::Mmu& stray() {
  static const Stray mmu;
  return mmu;
}

TEST(DescriptorMachine, SeesAMarkInANodeThatNoProgramStoredTo) {
  const auto machine = make_descriptor_machine<Aarch64S2_16k, stray>({});
  const auto& schema = descriptor_schema<Aarch64S2_16k>;
  const char* const nodes = "set nodes=4";
  for (const char* trace :
       {"access va=0x0 attrs=r---\n", "path va=0x0 to=0 size=16K attrs=r---\naccess va=0x0 attrs=r---\n"}) {
    const auto divergence = twin::run(*machine, program_of(trace, schema, nodes));
    ASSERT_TRUE(divergence) << trace;
    EXPECT_EQ(divergence->key, "marks in a word: elsewhere");
    EXPECT_EQ(divergence->address, DescriptorDomains<Aarch64S2_16k>::base + 0x9'0008);
    EXPECT_TRUE(agrees(*machine, program_of("lookup va=0x0\n", schema, nodes))) << "something is left of it";
  }
}

constexpr std::uint64_t at_1G = 1 << 30;

// What for_noted_pages says, from the first byte on.
std::vector<std::uint64_t> noted_pages(const WalledMemory& memory, const WalledMemory& other) {
  std::vector<std::uint64_t> pages;
  memory.for_noted_pages(other, [&](std::uint64_t pa, std::size_t) { pages.push_back(pa - at_1G); });
  return pages;
}
using Pages = std::vector<std::uint64_t>;

TEST(WalledMemory, NotesThePagesThatEitherSideStoredTo) {
  WalledMemory one(at_1G, 128 * WalledMemory::page), other(at_1G, 128 * WalledMemory::page);
  for (WalledMemory* memory : {&one, &other})
    memory->restart(100 * WalledMemory::page + 64);
  EXPECT_EQ(noted_pages(one, other), Pages{});
  one.store<std::uint64_t>(at_1G + 0x3ff8, 0); // a zero is a store, too
  EXPECT_EQ(noted_pages(one, one), Pages{0x3000});
  (void)WalkedMemory(other).exchange(PhysAddr{at_1G + 0x4'1000}, std::uint32_t{5});
  const reference::PhysicalMemory theirs{reinterpret_cast<unsigned char*>(other.bytes().data()), at_1G,
                                         other.bytes().size(), other.noted_pages()};
  theirs.store(at_1G + 0x6'4038, 7);
  theirs.store(at_1G + 0x4'2ffe, 7, 4);
  theirs.store(at_1G + 0x6'4040, 7); // beyond the end
  const std::vector<std::uint64_t> words(513, 1);
  one.store<std::uint64_t>(at_1G + 0x3'f000, std::span(words));
  EXPECT_EQ(noted_pages(one, other),
            (Pages{0x3000, 0x3'f000, 0x4'0000, 0x4'1000, 0x4'2000, 0x4'3000, 0x6'4000}));
  EXPECT_EQ(noted_pages(other, one), noted_pages(one, other));
  one.note_all();
  EXPECT_EQ(noted_pages(other, one).size(), 101U);
  one.restart(64);
  EXPECT_EQ(noted_pages(one, one), Pages{});
}

// Of every size that follows another, each with something in its first, middle and last words.
TEST(WalledMemory, IsZeroWheneverItStartsAgain) {
  WalledMemory memory(at_1G, 16 * WalledMemory::page);
  for (const std::size_t words : {8192U, 2U, 1024U, 512U, 8192U, 513U, 511U, 8190U, 1U, 8192U}) {
    memory.restart(8 * words);
    ASSERT_EQ(memory.bytes().size(), 8 * words);
    for (const std::byte byte : memory.bytes())
      ASSERT_EQ(byte, std::byte{0}) << words;
    for (const std::size_t word : {std::size_t{0}, words / 2, words - 1})
      memory.store<std::uint64_t>(at_1G + 8 * word, ~std::uint64_t{0});
  }
}

// Of nodes of less than a page, a page, and several.
TEST(WalledMemory, CopiesNodesWhereverTheyWereStoredTo) {
  for (const std::uint64_t node :
       {std::uint64_t{32}, std::uint64_t{WalledMemory::page}, std::uint64_t{0x8000}}) {
    WalledMemory memory(at_1G, 4 * node);
    memory.restart(4 * node);
    const std::uint64_t from = at_1G + node, to = at_1G + 3 * node;
    memory.store<std::uint64_t>(from + node - 8, 5);
    memory.store<std::uint64_t>(to, 6);
    memory.copy(from, to, node);
    EXPECT_EQ(std::memcmp(&memory.bytes()[node], &memory.bytes()[3 * node], node), 0) << node;
    EXPECT_EQ(memory.load<std::uint64_t>(to + node - 8), 5U);
    EXPECT_EQ(noted_pages(memory, memory).back(), (4 * node - 8) / WalledMemory::page * WalledMemory::page);
    memory.copy(from, from, node);
    EXPECT_EQ(memory.load<std::uint64_t>(from + node - 8), 5U);
  }
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

#ifdef PAGETWIN_ASAN
// What an earlier program had there is out of reach, too: it is poisoned, which nobody else enforces.
TEST(WalledMemoryDeathTest, ABytePastTheStartOfLessCannotBeRead) {
  WalledMemory memory(1 << 30, 4096);
  for (const std::size_t bytes : {64U, 4096U, 512U}) {
    memory.restart(bytes);
    const volatile std::byte* const before = memory.bytes().data() - 1;
    EXPECT_DEATH((void)*before, "") << bytes;
  }
}
#endif

} // namespace
} // namespace pagetwin::fuzz
