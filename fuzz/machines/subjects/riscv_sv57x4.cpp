// See fuzz/machines/make_subject.hpp.
#include "fuzz/machines/table_subject.hpp"
#include "src/arch/riscv.hpp"

template std::unique_ptr<pagetwin::fuzz::Subject>
pagetwin::fuzz::make_subject<pagetwin::RiscvSv57x4, pagetwin::fuzz::ObservedBacking>(Watcher&);
