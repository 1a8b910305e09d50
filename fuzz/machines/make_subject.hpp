// A table under test, by its format and its memory. Each pair is compiled once, in a file of its own in
// fuzz/machines/subjects, because a table under sanitizers takes long to compile, and targets and tests share
// it. Whoever names a pair that has no file meets an undefined symbol of that name.
#pragma once

#include "fuzz/machines/subject.hpp"
#include "fuzz/oracles/observed_memory.hpp"
#include "src/arch/format.hpp"

#include <memory>

namespace pagetwin::fuzz {

template <class F>
class ObservedBacking; // every access is seen
template <class F>
class PlainBacking; // what ships, with nothing in between
template <class F>
class SharedBacking; // the other one that ships, with readers beside the writer

template <Format F, template <class> class Backing>
[[nodiscard]] std::unique_ptr<Subject> make_subject(Watcher& watcher);

} // namespace pagetwin::fuzz
