// See fuzz/machines/make_subject.hpp.
#include "fuzz/machines/table_subject.hpp"
#include "src/arch/x86_64.hpp"

template std::unique_ptr<pagetwin::fuzz::Subject>
pagetwin::fuzz::make_subject<pagetwin::X86_64_4, pagetwin::fuzz::PlainBacking>(Watcher&);
