// See fuzz/machines/make_subject.hpp.
#include "fuzz/machines/shared_backing.hpp"
#include "fuzz/oracles/tiny_format.hpp"

template std::unique_ptr<pagetwin::fuzz::Subject>
pagetwin::fuzz::make_subject<pagetwin::Tiny, pagetwin::fuzz::SharedBacking>(Watcher&);
