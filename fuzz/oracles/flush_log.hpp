// O13 FLUSHLOG: every valid word that an operation replaced is covered, over its whole extent, by an
// invalidation of its space that came after the store and that reaches table pointers when the word was one.
// Invalidating more is no failure.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/view.hpp"

namespace pagetwin::fuzz {

// space_tag: what the table calls space number `space` in its invalidations.
[[nodiscard]] Verdict check_flush_log(const View& view, const Observation& seen,
                                      unsigned (*space_tag)(unsigned space));

} // namespace pagetwin::fuzz
