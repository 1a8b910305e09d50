// See fuzz/machines/make_subject.hpp.
#include "fuzz/machines/table_subject.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"

template std::unique_ptr<pagetwin::fuzz::Subject>
pagetwin::fuzz::make_subject<pagetwin::Tiny32, pagetwin::fuzz::ObservedBacking>(Watcher&);
