// One operation as a TLB sees it: the table's bytes before and after, the invalidations that the table issued
// for its space, and addresses around all that it replaced. It refuses to judge, and to look at operations
// that replaced nothing.
#pragma once

#include "fuzz/emulators/cached_mmu.hpp"
#include "fuzz/machines/foreign/survey.hpp"
#include "fuzz/machines/table/machine.hpp"

namespace pagetwin::fuzz {

class Scene {
 public:
  // Before an operation. False, and nothing is kept, where it cannot leave anything stale.
  [[nodiscard]] bool begin(const TableMachine& machine, const twin::Op& op, std::uint64_t salt);
  // After it; false where nothing that hardware may hold was replaced.
  [[nodiscard]] bool end(const TableMachine& machine);

  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::uint64_t root() const { return root_; }
  [[nodiscard]] const std::vector<std::byte>& before() const { return before_; } // as long as after()
  [[nodiscard]] const std::vector<std::byte>& after() const { return after_; }
  [[nodiscard]] const std::vector<emulators::Owed>& owed() const { return owed_; }
  [[nodiscard]] const std::vector<emulators::Probe>& probes() const { return probes_; }
  [[nodiscard]] const Survey& survey() const { return survey_; } // of the table before

 private:
  void add_owed(const Observation& seen);
  void choose(const View& view, const Observation& seen);

  unsigned space_ = 0;
  std::uint64_t base_ = 0, root_ = 0;
  Survey survey_, later_;
  std::vector<std::byte> before_, after_;
  std::vector<emulators::Owed> owed_;
  std::vector<emulators::Probe> probes_;
};

} // namespace pagetwin::fuzz
