#include "fuzz/oracles/refinement.hpp"

#include "fuzz/oracles/show_translation.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;
using Page = std::optional<reference::PageMapping>;

const char* name_of(reference::AccessKind kind) {
  return kind == reference::AccessKind::read    ? "read"
         : kind == reference::AccessKind::write ? "write"
                                                : "execute";
}

// Is this what a machine with that page would have done?
bool explains(const Page& page, const SeenAccess& seen, const reference::HighLevel& model) {
  const bool allowed = page && model.profile().permits(page->frame.attributes, seen.access);
  if (seen.ok != allowed)
    return false;
  return !allowed || page->pa_of(seen.va) == seen.pa;
}

std::string show(const char* when, const Page& page, std::uint64_t va) {
  return format("%-8s ", when) + show_translation(page ? std::optional(page->translate(va)) : std::nullopt)
         + "\n";
}

} // namespace

Verdict Refinement::decide(const SeenAccess& seen, const Page& before, const Page& after,
                           const reference::HighLevel& model, bool may_break) {
  const char* const kind = name_of(seen.access.kind);
  const char* const came = !seen.ok ? "fault" : seen.cached ? "ok cached" : "ok";
  if (explains(before, seen, model) || explains(after, seen, model) || (!seen.ok && may_break)) {
    // By contents, too: what is stale is seen as wrong data.
    if (!seen.ok || seen.access.kind == reference::AccessKind::write || seen.word == seen.held)
      return std::nullopt;
    return finding("refinement", seen.va, format("%s %s wrong word", seen.who, kind),
                   format("%s %u reads %#llx at %#llx, memory holds %#llx", seen.who, seen.cpu,
                          Hex{seen.word}, Hex{seen.va}, Hex{seen.held}));
  }
  return finding("refinement", seen.va, format("%s %s %s", seen.who, kind, came),
                 format("%s %u, space %u: %s of %#llx is %s, which no state allows", seen.who, seen.cpu,
                        seen.space, kind, Hex{seen.va}, came),
                 format("went to  %#llx\n", Hex{seen.ok ? seen.pa : 0}) + show("before", before, seen.va)
                     + show("after", after, seen.va));
}

} // namespace pagetwin::fuzz
