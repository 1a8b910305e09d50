// Every sequence of up to four operations over a small universe, through the twin with all of its oracles:
// what a fuzzer may miss for years, nothing escapes here. Each universe is a few places where sizes, flags,
// markers or spaces meet.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/traces.hpp"
#include "tests/table/kinds.hpp"

#include <set>

namespace pagetwin::fuzz {
namespace {

struct Universe {
  const char* name;
  std::unique_ptr<twin::Machine> (*make)(const twin::MachineOptions&);
  const twin::Schema* schema;
  const char* header;
  const char* operations;
  std::size_t count;
};

// One 8 KiB pair, its two pages, and hardware that writes to them.
constexpr const char* pair_operations = R"(map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--
map s=0 va=0x3000 pa=0x200003000 size=4K attrs=rw--
map s=0 va=0x2000 pa=0x200002000 size=8K attrs=rw--
unmap s=0 va=0x2000 len=4K
unmap s=0 va=0x3000 len=4K
unmap_collect s=0 va=0x2000 len=8K
protect s=0 va=0x2000 len=4K attrs=r---
protect s=0 va=0x2000 len=8K attrs=rw--
remap s=0 va=0x2000 pa=0x200006000
remap s=0 va=0x3000 pa=0x200003000
promote s=0 va=0x2000 size=8K
access s=0 va=0x2000 arg=9
access s=0 va=0x3000 arg=9
harvest s=0 va=0x2000 len=4K arg=1
harvest s=0 va=0x2000 len=8K arg=1
inject arg=0
)";
// Two levels of blocks and their pairs in a pool that is nearly empty, with allocations that fail.
constexpr const char* block_operations = R"(map s=0 va=0x20000 pa=0x200020000 size=128K attrs=rw--
map s=0 va=0x20000 pa=0x200020000 size=64K attrs=rw--
map_range s=0 va=0x2f000 pa=0x20002f000 len=8K size=128K attrs=rw--
map_range s=0 va=0x20000 pa=0x200020000 len=64K size=32K attrs=rw--
map_range s=0 va=0x30000 pa=0x200030000 len=64K size=16K attrs=rw--
unmap s=0 va=0x2f000 len=4K
unmap s=0 va=0x28000 len=64K
unmap_collect s=0 va=0x20000 len=64K
protect s=0 va=0x30000 len=4K attrs=r-x-
protect s=0 va=0x20000 len=128K attrs=rw--
remap s=0 va=0x20000 pa=0x200040000
promote s=0 va=0x20000 size=64K
promote s=0 va=0x20000 size=128K
access s=0 va=0x3f000 arg=9
clear s=0
fail arg=1
)";
// Markers of several sizes under and beside leaves.
constexpr const char* marker_operations = R"(mark s=0 va=0x20000 size=128K arg=1
mark s=0 va=0x20000 size=16K arg=2
mark s=0 va=0x23000 size=4K arg=1
mark s=0 va=0x20000 size=32K arg=0
marker s=0 va=0x20000 size=16K
map s=0 va=0x23000 pa=0x200003000 size=4K attrs=rw--
map s=0 va=0x20000 pa=0x200000000 size=16K attrs=rw--
map s=0 va=0x20000 pa=0x200000000 size=64K attrs=rw--
map_range s=0 va=0x1f000 pa=0x20001f000 len=20K size=16K attrs=rw--
unmap s=0 va=0x22000 len=8K
unmap s=0 va=0x20000 len=64K
protect s=0 va=0x23000 len=4K attrs=r---
promote s=0 va=0x20000 size=16K
clear s=0
fail arg=0
fail arg=2
)";
// The ends of both halves, global pages, and two spaces that come and go.
constexpr const char* space_operations = R"(map s=0 va=0x7f000 pa=0x20007f000 size=4K attrs=rw--
map s=1 va=0x7f000 pa=0x300000000 size=4K attrs=r---
map s=0 va=0xfffffffffffff000 pa=0x20000f000 size=4K attrs=rw--.g
map s=1 va=0xffffffffffffe000 pa=0x20000e000 size=8K attrs=rw--.g
map s=0 va=0xfffffffffff80000 pa=0x200000000 size=64K attrs=rw--
unmap s=0 va=0x0 len=512K
unmap s=1 va=0xffffffffffffe000 len=4K
unmap_collect s=0 va=0xfffffffffff80000 len=512K
protect s=1 va=0x7e000 len=8K attrs=rw--
access s=0 va=0xfffffffffffff000 arg=9
access s=1 va=0xfffffffffffff000 arg=9
access s=1 va=0x7f000 arg=8
destroy s=0
create s=0
destroy s=1
create s=1
)";
// Words of 32 bits: groups of four in a node and in the root, which is larger than a node.
constexpr const char* group_operations = R"(map s=0 va=0x4000 pa=0x404000 size=4K attrs=rw--
map s=0 va=0x4000 pa=0x404000 size=16K attrs=rw--
map s=0 va=0x0 pa=0x400000 size=1M attrs=rw--
map_range s=0 va=0x3000 pa=0x403000 len=20K size=32K attrs=rw--
map_range s=0 va=0x0 pa=0x400000 len=32K size=16K attrs=rw--
unmap s=0 va=0x5000 len=4K
unmap s=0 va=0x40000 len=4K
unmap_collect s=0 va=0x4000 len=16K
protect s=0 va=0x7000 len=4K attrs=r---
protect s=0 va=0x0 len=32K attrs=rw--
remap s=0 va=0x4000 pa=0x408000
promote s=0 va=0x0 size=32K
access s=0 va=0x5000 arg=9
harvest s=0 va=0x4000 len=16K arg=1
mark s=0 va=0x0 size=1M arg=1
fail arg=0
)";
// The same questions to x86-64, whose splits touch 512 slots: fewer operations.
constexpr const char* x86_64_operations = R"(map s=0 va=0x200000 pa=0x200200000 size=2M attrs=rw--
map s=0 va=0x3ff000 pa=0x2003ff000 size=4K attrs=rw--
map_range s=0 va=0x1ff000 pa=0x2001ff000 len=8K size=4K attrs=rw--
unmap s=0 va=0x3ff000 len=8K
unmap_collect s=0 va=0x0 len=1G
protect s=0 va=0x200000 len=4K attrs=r---
promote s=0 va=0x200000 size=2M
access s=0 va=0x200000 arg=9
harvest s=0 va=0x200000 len=2M arg=1
mark s=0 va=0x200000 size=2M arg=1
)";
// To EPT: rights that no other format has, at the top of its addresses, which count up from 0.
constexpr const char* ept_operations = R"(map s=0 va=0xffffffe00000 pa=0x200200000 size=2M attrs=--xu.t14
map s=0 va=0xfffffffff000 pa=0x2003ff000 size=4K attrs=--xu.t14
map s=0 va=0x7fffffffe000 pa=0x2001fe000 size=4K attrs=rw--.t6
map_range s=0 va=0x7fffffffe000 pa=0x2001fe000 len=16K size=4K attrs=rw--.t6
unmap s=0 va=0xfffffffff000 len=4K
unmap_collect s=0 va=0x0 len=256T
protect s=0 va=0xfffffffff000 len=4K attrs=--x-
promote s=0 va=0xffffffe00000 size=2M
access s=0 va=0xffffffffffff arg=6
harvest s=0 va=0xffffffe00000 len=2M arg=1
)";
// To Sv39: one NAPOT page of sixteen descriptors, its first and last page, and hardware that writes to them.
constexpr const char* napot_operations = R"(map s=0 va=0x10000 pa=0x200010000 size=64K attrs=rw--
map s=0 va=0x1f000 pa=0x20001f000 size=4K attrs=rw--
map_range s=0 va=0x10000 pa=0x200010000 len=60K size=64K attrs=rw--
unmap s=0 va=0x1f000 len=4K
unmap_collect s=0 va=0x10000 len=64K
protect s=0 va=0x10000 len=4K attrs=r---
protect s=0 va=0x0 len=2M attrs=rw--
remap s=0 va=0x10000 pa=0x200020000
promote s=0 va=0x10000 size=64K
access s=0 va=0x1f000 arg=9
harvest s=0 va=0x10000 len=64K arg=1
inject arg=0
)";

void PrintTo(const Universe& u, std::ostream* to) { *to << u.name; }

// Every intermediate state is judged, too.
template <Format F, const reference::Mmu& (*Mmu)(), const BreakRules& (*Rules)()>
constexpr Universe universe(const char* name, const char* header, const char* operations, std::size_t count) {
  return {name, make_transitions_machine<F, Mmu, Rules>, &table_schema<F>, header, operations, count};
}
const Universe universes[] = {
    universe<Tiny, reference::tiny, tiny_break_rules>("pair", "set nodes=16 spaces=1", pair_operations, 16),
    universe<Tiny, reference::tiny, tiny_break_rules>("blocks", "set nodes=7 spaces=1", block_operations, 16),
    universe<Tiny, reference::tiny, tiny_break_rules>("markers", "set nodes=9 spaces=1", marker_operations,
                                                      16),
    universe<Tiny, reference::tiny, tiny_break_rules>("spaces", "set nodes=12 spaces=2", space_operations,
                                                      16),
    universe<TinyWide, reference::tiny_wide, tiny_break_rules>("roots", "set nodes=12 spaces=2",
                                                               space_operations, 16),
    universe<Tiny32, reference::tiny_32, tiny_break_rules>("groups", "set nodes=8 spaces=1", group_operations,
                                                           16),
    universe<X86_64_4, reference::x86_64_4, intel_break_rules>("x86_64", "set nodes=16 spaces=1",
                                                               x86_64_operations, 10),
    universe<Ept4, reference::ept_4, intel_break_rules>("ept", "set nodes=16 spaces=1", ept_operations, 10),
    universe<RiscvSv39, reference::riscv_sv39, riscv_break_rules>("napot", "set nodes=16 spaces=1",
                                                                  napot_operations, 12),
    universe<Aarch64S1_4k, reference::aarch64_s1_4k, aarch64_break_rules>(
        "contiguous", "set nodes=16 spaces=1", napot_operations, 12),
};

// All sequences of exactly `length` operations, in the order of counting.
class Sequences {
 public:
  Sequences(const twin::Program& alphabet, std::size_t length)
      : alphabet_(alphabet), program_(alphabet), digits_(length) {
    program_.ops.resize(length);
    for (auto& op : program_.ops)
      op = alphabet.ops.front();
  }
  [[nodiscard]] const twin::Program& program() const { return program_; }
  // False after the last one.
  [[nodiscard]] bool next() {
    for (std::size_t i = digits_.size(); i-- > 0;) {
      digits_[i] = (digits_[i] + 1) % alphabet_.ops.size();
      program_.ops[i] = alphabet_.ops[digits_[i]];
      if (digits_[i] != 0)
        return true;
    }
    return false;
  }

 private:
  const twin::Program& alphabet_;
  twin::Program program_;
  std::vector<std::size_t> digits_;
};

// Returns how many ran; stops at the first that diverges.
std::size_t run_all(twin::Machine& machine, const twin::Program& alphabet, std::size_t length) {
  Sequences sequences(alphabet, length);
  std::size_t ran = 0;
  do {
    ++ran;
    if (const auto result = agrees(machine, sequences.program()); !result) {
      ADD_FAILURE() << result.message();
      return ran;
    }
  } while (sequences.next());
  return ran;
}

// Which operations of the alphabet ever succeed, in all sequences of two.
std::size_t count_that_succeed(twin::Machine& machine, const twin::Program& alphabet) {
  std::set<std::string> succeeded;
  Sequences sequences(alphabet, 2);
  do {
    const auto recording = twin::run_recorded(machine, sequences.program());
    for (std::size_t i = 0; i < recording.outcomes.size(); ++i)
      if (recording.outcomes[i].starts_with("ok"))
        succeeded.insert(print_op(sequences.program().ops[i], machine.schema()));
  } while (sequences.next());
  return succeeded.size();
}

class Exhaustive : public testing::TestWithParam<Universe> {};
INSTANTIATE_TEST_SUITE_P(All, Exhaustive, testing::ValuesIn(universes), NameOfParam{});

TEST_P(Exhaustive, NoSequenceOfUpToFourOperationsDiverges) {
  const Universe& u = GetParam();
  const twin::Program alphabet = program_of(u.operations, *u.schema, u.header);
  ASSERT_EQ(alphabet.ops.size(), u.count);
  const auto quick = u.make({}), thorough = u.make({.paranoid = true});
  EXPECT_EQ(count_that_succeed(*quick, alphabet), u.count);
  std::size_t expected = 1;
  for (std::size_t length = 1; length <= 4 && !HasFailure(); ++length) {
    expected *= u.count;
    EXPECT_EQ(run_all(length < 4 ? *thorough : *quick, alphabet, length), expected);
  }
}

} // namespace
} // namespace pagetwin::fuzz
