#include "reference/sekvm/view.hpp"

namespace reference::sekvm {

namespace {

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 31)) * 0x9E37'79B9'7F4A'7C15;
  value = (value ^ (value >> 29)) * 0xBF58'476D'1CE4'E5B9;
  return value ^ (value >> 32);
}

std::uint64_t hash(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) {
  return mix(a + mix(b + mix(c + 1)));
}

std::uint64_t hash(std::uint64_t pfn, const S2Page& page) {
  return hash(pfn, page.gfn, std::uint64_t{page.owner} << 32 | page.count);
}

// What one frame adds to the view of its owner.
View of_frame(std::uint64_t pfn, const Frame& frame, std::uint32_t principal) {
  if (frame.page.owner != principal)
    return {};
  return {0, hash(pfn, frame.page), frame.page.is_shared() ? 0 : hash(pfn, frame.contents)};
}

// Somebody else's pages that a table reaches, though nobody shares them.
std::uint64_t reached(const State& state, const Entry& entry, std::uint32_t principal) {
  std::uint64_t sum = 0;
  for (std::uint64_t at = entry.gfn; entry.pfn != 0 && at < entry.gfn + entry.pages(); ++at) {
    const Frame frame = state.frames().at(entry.pfn_at(at));
    if (frame.page.owner != principal && !frame.page.is_shared())
      sum += hash(entry.pfn_at(at), frame.contents, 1);
  }
  return sum;
}

} // namespace

// Against the beginning, so that frames which nothing happened to need not be looked at.
View view_of(const State& state, std::uint32_t principal) {
  View view;
  for (const std::uint64_t pfn : state.frames().touched()) {
    const View now = of_frame(pfn, state.frames().at(pfn), principal);
    const View then = of_frame(pfn, state.frames().initial(pfn), principal);
    view.records += now.records - then.records;
    view.contents += now.contents - then.contents;
  }
  for (unsigned table = 0; table < tables; ++table)
    if (state.principal_of(table) == principal)
      for (const Entry& entry : state.table(table).entries()) {
        view.table +=
            hash(entry.gfn * tables + table, entry.pte, std::uint64_t{entry.pfn} << 2 | entry.level);
        view.contents += reached(state, entry, principal);
      }
  return view;
}

std::optional<std::uint32_t> distinguisher(const State& a, const State& b, std::uint32_t secret_of) {
  for (std::uint32_t principal = 0; principal < principals; ++principal)
    if (principal != secret_of && view_of(a, principal) != view_of(b, principal))
      return principal;
  return std::nullopt;
}

} // namespace reference::sekvm
