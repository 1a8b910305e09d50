// The counted functions are extern "C", so that their names are the same under every compiler. All
// preparation happens outside them: their instructions are the loop and the operations, and two runs with N
// and 2N differ by N operations. Knows x86-64 with four levels only: it is the format whose limits are
// stated.
#include "bench/count.hpp"

#include "bench/ours.hpp"
#include "bench/streams.hpp"
#include "src/arch/x86_64.hpp"

#include <array>
#include <cstdio>

namespace {

using namespace pagetwin::bench;
using Table = Ours<pagetwin::X86_64_4>;

constexpr std::uint64_t most = 1U << 18; // pages of the region

template <class Edit>
[[gnu::always_inline]] inline std::uint64_t each(std::uint64_t operations, Edit edit) {
  const std::uint64_t base = va_base<Table>();
  std::uint64_t sum = 0;
  for (std::uint64_t at = 0; at < operations << 12; at += 4096)
    sum += edit(base + at, pa_base<Table> + at);
  return sum;
}

} // namespace

extern "C" {
[[gnu::noinline]] std::uint64_t pagetwin_count_lookup(Table& table, std::uint64_t operations) {
  return each(operations, [&table](std::uint64_t va, std::uint64_t) { return table.lookup(va); });
}
[[gnu::noinline]] std::uint64_t pagetwin_count_map_one(Table& table, std::uint64_t operations) {
  return each(operations, [&table](std::uint64_t va, std::uint64_t pa) { return table.map(va, pa); });
}
[[gnu::noinline]] std::uint64_t pagetwin_count_unmap_one(Table& table, std::uint64_t operations) {
  return each(operations, [&table](std::uint64_t va, std::uint64_t) { return table.unmap(va); });
}
[[gnu::noinline]] std::uint64_t pagetwin_count_protect_one(Table& table, std::uint64_t operations) {
  return each(operations,
              [&table](std::uint64_t va, std::uint64_t) { return table.protect(va, 4096, false); });
}
// What the loops above cost without an operation.
[[gnu::noinline]] std::uint64_t pagetwin_count_loop_only(Table&, std::uint64_t operations) {
  return each(operations, [](std::uint64_t va, std::uint64_t) {
    asm volatile("" : "+r"(va)); // NOLINT(hicpp-no-assembler): keeps the loop
    return va;
  });
}
}

namespace pagetwin::bench {
namespace {

struct Counted {
  const char* name;
  const char* symbol;
  std::uint64_t (*run)(Table&, std::uint64_t);
  bool starts_full;
};
constexpr std::array counted{
    Counted{"lookup", "pagetwin_count_lookup", pagetwin_count_lookup, true},
    Counted{"map_one", "pagetwin_count_map_one", pagetwin_count_map_one, false},
    Counted{"unmap_one", "pagetwin_count_unmap_one", pagetwin_count_unmap_one, true},
    Counted{"protect_one", "pagetwin_count_protect_one", pagetwin_count_protect_one, true},
    Counted{"loop_only", "pagetwin_count_loop_only", pagetwin_count_loop_only, false},
};

} // namespace

int count(std::string_view what, std::uint64_t operations) {
  const auto* it = counted.begin();
  while (it != counted.end() && it->name != what)
    ++it;
  if (it == counted.end() || operations == 0 || operations > most) {
    std::fprintf(
        stderr,
        "--count takes lookup, map_one, unmap_one, protect_one or loop_only, and 1 to %llu operations\n",
        static_cast<unsigned long long>(most));
    return 2;
  }
  Table table(600);
  if (it->starts_full)
    table.map_range(va_base<Table>(), pa_base<Table>, most << 12, 4096);
  const std::uint64_t result = it->run(table, operations);
  std::printf("count %s operations=%llu function=%s result=%llu\n", it->name,
              static_cast<unsigned long long>(operations), it->symbol,
              static_cast<unsigned long long>(result));
  return 0;
}

} // namespace pagetwin::bench
