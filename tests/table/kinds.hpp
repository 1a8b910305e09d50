// The tables that every table test runs over: one for each format, and the instance that ships. They are
// made once per test program, in kinds.cpp, because a table under ASan takes long to compile. It refuses to
// know what a table does.
#pragma once

#include "fuzz/machines/subject.hpp"
#include "fuzz/oracles/observed_memory.hpp"
#include "reference/mmu/mmu.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <span>
#include <string>

namespace pagetwin::fuzz {

struct TableKind {
  const char* name;
  std::unique_ptr<Subject> (*make)(Watcher&);
  const reference::Mmu& (*mmu)();
};

inline void PrintTo(const TableKind& kind, std::ostream* to) { *to << kind.name; }

[[nodiscard]] std::span<const TableKind> table_kinds();

// Names a test after its parameter.
struct NameOfParam {
  template <class Param>
  std::string operator()(const testing::TestParamInfo<Param>& test) const {
    return test.param.name;
  }
};

// Hears of every store, and does nothing.
class SilentWatcher final : public Watcher {
 public:
  void after_store(std::uint64_t /*slot*/) override {}
  void before_exchange(std::uint64_t /*slot*/) override {}
  void on_flush(const Invalidation& /*i*/) override {}
};

} // namespace pagetwin::fuzz
