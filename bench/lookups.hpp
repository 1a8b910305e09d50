// Workloads W1 to W5: lookups. A workload says how many operations a pass has, how many nodes it needs, what
// the table holds and what a pass does; it is written once for every table. `goal` is what the ratio
// is held against. Definitions: the project's performance anchors.
#pragma once

#include "bench/goal.hpp"
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

// 2^18 pages.
struct DenseLookup {
  static constexpr std::uint64_t operations = 1U << 18, nodes = 600;
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base<Table>, dense<Table>, page_of<Table>);
  }
};

struct W1 : DenseLookup {
  static constexpr const char* name = "W1_sequential";
  static constexpr Goal goal{1.15, 1.0};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Dependent::no>(
        table, operations, [base](Random&, std::uint64_t i) { return base + (i << Table::page_shift); });
  }
};

template <Dependent Chain>
struct W2 : DenseLookup {
  static constexpr const char* name = Chain == Dependent::no ? "W2_random" : "W2d_random_dependent";
  static constexpr Goal goal{Chain == Dependent::no ? 1.15 : 1.05, 1.0};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(table, operations, [base](Random& random, std::uint64_t) {
      return base + random.next(18 + Table::page_shift);
    });
  }
};

template <Dependent Chain, std::uint64_t Count = DenseLookup::operations>
struct W2h : DenseLookup {
  static constexpr std::uint64_t operations = Count;
  static constexpr const char* name = Chain == Dependent::no ? "W2h_hot" : "W2hd_hot_dependent";
  static constexpr Goal goal{Chain == Dependent::no ? 1.15 : 1.05, 1.0};
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    const auto pages = hot_pages<Table>(base);
    return look_up_all<Chain>(table, operations,
                              [&pages](Random& random, std::uint64_t) { return pages[random.next(8)]; });
  }
};

// Every 16th of 2^24 pages is mapped: 128 MiB of tables.
template <Dependent Chain>
struct W3 {
  static constexpr const char* name = Chain == Dependent::no ? "W3_sparse" : "W3d_sparse_dependent";
  static constexpr std::uint64_t operations = 1U << 18, nodes = 33100;
  static constexpr Goal goal{1.2, 1.0};
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    for (std::uint64_t i = 0; i < 1U << 20; ++i)
      table.map(base + i * 16 * page_of<Table>, pa_base<Table> + i * page_of<Table>);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(table, operations, [base](Random& random, std::uint64_t) {
      return base + random.next(20) * 16 * page_of<Table>;
    });
  }
};

// 2^15 leaves of level 1, which are 64 GiB in 2 MiB each where pages have 4 KiB.
template <Dependent Chain>
struct W4 {
  static constexpr const char* name = Chain == Dependent::no ? "W4_superpages" : "W4d_superpages_dependent";
  static constexpr std::uint64_t operations = 1U << 18, nodes = 100;
  static constexpr Goal goal{Chain == Dependent::no ? 1.15 : 1.05, 1.0};
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    table.map_range(base, pa_base<Table>, block_of<Table> << 15, block_of<Table>);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Chain>(table, operations, [base](Random& random, std::uint64_t) {
      return base + random.next(15 + Table::block_shift);
    });
  }
};

// Every second of 2^18 pages is mapped; the others are asked for.
struct W5 {
  static constexpr const char* name = "W5_miss";
  static constexpr std::uint64_t operations = 1U << 18, nodes = 600;
  static constexpr Goal goal{1.15, 1.0};
  template <class Table>
  static void fill(Table& table, std::uint64_t base) {
    for (std::uint64_t va = 0; va < dense<Table>; va += 2 * page_of<Table>)
      table.map(base + va, pa_base<Table> + va);
  }
  template <class Table>
  static std::uint64_t run(Table& table, std::uint64_t base) {
    return look_up_all<Dependent::no>(table, operations, [base](Random& random, std::uint64_t) {
      return base + (random.next(18 + Table::page_shift) | page_of<Table>);
    });
  }
};

} // namespace pagetwin::bench
