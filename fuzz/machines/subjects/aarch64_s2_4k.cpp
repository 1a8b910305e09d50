// See fuzz/machines/make_subject.hpp.
#include "fuzz/machines/table_subject.hpp"
#include "src/arch/aarch64.hpp"

template std::unique_ptr<pagetwin::fuzz::Subject>
pagetwin::fuzz::make_subject<pagetwin::Aarch64S2_4k, pagetwin::fuzz::ObservedBacking>(Watcher&);
