// Workloads W1 to W5: lookups. A workload says how many operations a pass has, how many nodes it needs, what
// the table holds and what a pass does; it is written once for every table. `at_most` is the goal for the
// ratio, 0 where none is. Definitions: the project's performance anchors.
#pragma once

#include "bench/streams.hpp"

namespace pagetwin::bench {

enum class Dependent : bool { no, yes };

// Lookups of va(random) with results summed up; in the dependent variant each address waits for the previous
// result.
template <Dependent Chain, class Table, class Address>
[[nodiscard, gnu::always_inline]] inline std::uint64_t look_up_all(Table& table, std::uint64_t count,
                                                                   Address address) {
  Random random;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t pa = table.lookup(address(random, i));
    if constexpr (Chain == Dependent::yes)
      random.depend(pa);
    sum += pa;
  }
  return sum;
}

// 1 GiB of 4 KiB pages.
struct DenseLookup {
  static constexpr std::uint64_t operations = 1U << 18, nodes = 600;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base, gib, 4096);
  }
};

struct W1 : DenseLookup {
  static constexpr const char* name = "W1_sequential";
  static constexpr double at_most = 1.15;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Dependent::no>(table, operations,
                                      [base](Random&, std::uint64_t i) { return base + (i << 12); });
  }
};

template <Dependent Chain>
struct W2 : DenseLookup {
  static constexpr const char* name = Chain == Dependent::no ? "W2_random" : "W2d_random_dependent";
  static constexpr double at_most = Chain == Dependent::no ? 1.15 : 1.05;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(table, operations,
                              [base](Random& random, std::uint64_t) { return base + random.next(30); });
  }
};

template <Dependent Chain>
struct W2h : DenseLookup {
  static constexpr const char* name = Chain == Dependent::no ? "W2h_hot" : "W2hd_hot_dependent";
  static constexpr double at_most = Chain == Dependent::no ? 1.15 : 1.05;
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    const auto pages = hot_pages(base);
    return look_up_all<Chain>(table, operations,
                              [&pages](Random& random, std::uint64_t) { return pages[random.next(8)]; });
  }
};

// 64 GiB with every 16th page mapped: 128 MiB of tables.
template <Dependent Chain>
struct W3 {
  static constexpr const char* name = Chain == Dependent::no ? "W3_sparse" : "W3d_sparse_dependent";
  static constexpr std::uint64_t operations = 1U << 18, nodes = 33100;
  static constexpr double at_most = 1.2;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    for (std::uint64_t i = 0; i < 1U << 20; ++i)
      table.map(base + (i << 16), pa_base + (i << 12));
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(
        table, operations, [base](Random& random, std::uint64_t) { return base + (random.next(20) << 16); });
  }
};

// 64 GiB of 2 MiB leaves.
template <Dependent Chain>
struct W4 {
  static constexpr const char* name = Chain == Dependent::no ? "W4_superpages" : "W4d_superpages_dependent";
  static constexpr std::uint64_t operations = 1U << 18, nodes = 100;
  static constexpr double at_most = Chain == Dependent::no ? 1.15 : 1.05;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base, 64 * gib, 2 * mib);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(table, operations,
                              [base](Random& random, std::uint64_t) { return base + random.next(36); });
  }
};

// Every second page of 1 GiB is mapped; the others are asked for.
struct W5 {
  static constexpr const char* name = "W5_miss";
  static constexpr std::uint64_t operations = 1U << 18, nodes = 600;
  static constexpr double at_most = 1.15;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    for (std::uint64_t va = 0; va < gib; va += 8192)
      table.map(base + va, pa_base + va);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Dependent::no>(
        table, operations, [base](Random& random, std::uint64_t) { return base + (random.next(30) | 4096); });
  }
};

} // namespace pagetwin::bench
