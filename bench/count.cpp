// The counted functions are extern "C", so that their names are the same under every compiler. All
// preparation happens outside them: their instructions are the loop and the operations, and two runs with N
// and 2N differ by N operations. Of tables it knows the four formats whose limits are stated, of stage 2
// AArch64 with pages of 4 KiB.
#include "bench/count.hpp"

#include "bench/count_removals.hpp"
#include "bench/ours.hpp"
#include "bench/page_operations.hpp"
#include "bench/stage2_world.hpp"
#include "bench/streams.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

#include <array>
#include <cstdio>

namespace {

using namespace pagetwin::bench;
using World = Stage2World<pagetwin::Aarch64S2_4k>;

constexpr std::uint64_t most = 1U << 18; // pages of the region

template <class Table, class Edit>
[[gnu::always_inline]] inline std::uint64_t each(Table& table, std::uint64_t operations, Edit edit) {
  const std::uint64_t base = va_base<Table>();
  std::uint64_t sum = 0;
  for (std::uint64_t at = 0; at < operations << 12; at += 4096)
    sum += edit(table, base + at, pa_base<Table> + at);
  return sum;
}
template <class Edit>
[[gnu::always_inline]] inline std::uint64_t each_page(std::uint64_t operations, Edit edit) {
  std::uint64_t failures = 0;
  for (std::uint64_t i = 0; i < operations; ++i)
    failures += edit(World::address(i)) != pagetwin::S2Status::ok ? 1 : 0;
  return failures;
}

} // namespace

// One function for each operation and format.
#define PAGETWIN_COUNTED(FORMAT, SUFFIX)                                                                     \
  [[gnu::noinline]] std::uint64_t pagetwin_count_lookup##SUFFIX(Ours<FORMAT>& table, std::uint64_t n) {      \
    return each(table, n, [](auto& t, std::uint64_t va, std::uint64_t) { return t.lookup(va); });            \
  }                                                                                                          \
  [[gnu::noinline]] std::uint64_t pagetwin_count_map_one##SUFFIX(Ours<FORMAT>& table, std::uint64_t n) {     \
    return each(table, n, MapPage{});                                                                        \
  }                                                                                                          \
  [[gnu::noinline]] std::uint64_t pagetwin_count_unmap_one##SUFFIX(Ours<FORMAT>& table, std::uint64_t n) {   \
    return each(table, n, UnmapPage{});                                                                      \
  }                                                                                                          \
  [[gnu::noinline]] std::uint64_t pagetwin_count_protect_one##SUFFIX(Ours<FORMAT>& table, std::uint64_t n) { \
    return each(table, n, ProtectPage{});                                                                    \
  }

extern "C" {
PAGETWIN_COUNTED(pagetwin::X86_64_4, )
PAGETWIN_COUNTED(pagetwin::Aarch64S1_4k, _aarch64_s1_4k)
PAGETWIN_COUNTED(pagetwin::Aarch64S2_4k, _aarch64_s2_4k)
PAGETWIN_COUNTED(pagetwin::RiscvSv48, _riscv_sv48)
// A page of the host, which never mapped it, becomes a machine's; and a list of one page.
[[gnu::noinline]] std::uint64_t pagetwin_count_fault_page(World& world, std::uint64_t operations) {
  return each_page(operations,
                   [&world](std::uint64_t at) { return world.ops().prot_and_map_vm_s2pt(1, at, at, 3); });
}
[[gnu::noinline]] std::uint64_t pagetwin_count_grant_page(World& world, std::uint64_t operations) {
  return each_page(operations, [&world](std::uint64_t at) {
    return world.ops().grant_stage2_sg_gpa(1, at, pagetwin::s2_page_bytes);
  });
}
// What the loops above cost without an operation.
[[gnu::noinline]] std::uint64_t pagetwin_count_loop_only(Ours<pagetwin::X86_64_4>& table,
                                                         std::uint64_t operations) {
  return each(table, operations, [](auto&, std::uint64_t va, std::uint64_t) {
    asm volatile("" : "+r"(va)); // NOLINT(hicpp-no-assembler): keeps the loop
    return va;
  });
}
}

namespace pagetwin::bench {
namespace {

template <class Table>
using OfTable = std::uint64_t (*)(Table&, std::uint64_t);

template <bool IsFull, class Table>
std::uint64_t run_over(OfTable<Table> function, std::uint64_t operations) {
  Table table(600);
  if (IsFull)
    table.map_range(va_base<Table>(), pa_base<Table>, most << 12, 4096);
  return function(table, operations);
}
template <auto Function, bool IsFull>
std::uint64_t of_table(std::uint64_t operations) {
  return run_over<IsFull>(Function, operations);
}
template <auto Function, bool IsFull>
std::uint64_t of_world(std::uint64_t operations) {
  World world(1, most);
  if (IsFull)
    world.map_pages(1, most);
  return Function(world, operations);
}

struct Counted {
  const char* name;
  const char* symbol;
  std::uint64_t (*run)(std::uint64_t operations);
  std::uint64_t at_most = most;
};
#define PAGETWIN_OF_FORMAT(NAME, SUFFIX)                                                                     \
  Counted{"lookup" NAME, "pagetwin_count_lookup" #SUFFIX, of_table<pagetwin_count_lookup##SUFFIX, true>},    \
      Counted{"map_one" NAME, "pagetwin_count_map_one" #SUFFIX,                                              \
              of_table<pagetwin_count_map_one##SUFFIX, false>},                                              \
      Counted{"unmap_one" NAME, "pagetwin_count_unmap_one" #SUFFIX,                                          \
              of_table<pagetwin_count_unmap_one##SUFFIX, true>},                                             \
      Counted {                                                                                              \
    "protect_one" NAME, "pagetwin_count_protect_one" #SUFFIX,                                                \
        of_table<pagetwin_count_protect_one##SUFFIX, true>                                                   \
  }

constexpr std::array counted{
    PAGETWIN_OF_FORMAT("", ),
    PAGETWIN_OF_FORMAT("/aarch64_s1_4k", _aarch64_s1_4k),
    PAGETWIN_OF_FORMAT("/aarch64_s2_4k", _aarch64_s2_4k),
    PAGETWIN_OF_FORMAT("/riscv_sv48", _riscv_sv48),
    Counted{"fault_page", "pagetwin_count_fault_page", of_world<pagetwin_count_fault_page, false>},
    Counted{"grant_page", "pagetwin_count_grant_page", of_world<pagetwin_count_grant_page, true>},
    Counted{"unmap_wide", "pagetwin_count_unmap", count_unmap_wide},
    Counted{"unmap_deep", "pagetwin_count_unmap", count_unmap_deep},
    Counted{"flush_wide", "pagetwin_count_flush", count_flush_wide},
    Counted{"flush_deep", "pagetwin_count_flush", count_flush_deep},
    Counted{"flush_few", "pagetwin_count_flush_few", count_flush_few},
    Counted{"unmap_beside", "pagetwin_count_unmap_beside", count_unmap_beside, 1000},
    Counted{"loop_only", "pagetwin_count_loop_only", of_table<pagetwin_count_loop_only, false>},
};

int complain(std::string_view what) {
  std::fprintf(stderr, "--count: expected");
  for (const Counted& c : counted)
    std::fprintf(stderr, "%s %s", &c == counted.begin() ? "" : &c == &counted.back() ? " or" : ",", c.name);
  std::fprintf(stderr, "; found '%.*s'\n", static_cast<int>(what.size()), what.data());
  return 2;
}
int complain(const Counted& of, std::uint64_t operations) {
  std::fprintf(stderr, "--operations: expected 1 to %llu of %s, found %llu\n",
               static_cast<unsigned long long>(of.at_most), of.name,
               static_cast<unsigned long long>(operations));
  return 2;
}

} // namespace

int count(std::string_view what, std::uint64_t operations) {
  const auto* it = counted.begin();
  while (it != counted.end() && it->name != what)
    ++it;
  if (it == counted.end())
    return complain(what);
  if (operations == 0 || operations > it->at_most)
    return complain(*it, operations);
  const std::uint64_t result = it->run(operations);
  std::printf("count %s operations=%llu function=%s result=%llu\n", it->name,
              static_cast<unsigned long long>(operations), it->symbol,
              static_cast<unsigned long long>(result));
  return 0;
}

} // namespace pagetwin::bench
