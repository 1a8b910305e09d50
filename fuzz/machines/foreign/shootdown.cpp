#include "fuzz/machines/foreign/shootdown.hpp"

#include "fuzz/machines/foreign/expectation.hpp"
#include "fuzz/machines/foreign/wear.hpp"

#include <algorithm>
#include <array>

namespace pagetwin::fuzz {

namespace {

using emulators::Answer;
using emulators::Expected;
using emulators::Outcome;
using emulators::Owed;
using emulators::Probe;
using emulators::Sight;
using Hex = unsigned long long;

View over(std::vector<std::byte>& bytes, View view, std::uint64_t base) {
  view.memory = {reinterpret_cast<unsigned char*>(bytes.data()), base, bytes.size()};
  return view;
}

std::optional<std::uint64_t> frame_of(const Expected& expected) {
  constexpr std::uint64_t frame_bytes = 4096;
  return expected.pa ? std::optional(*expected.pa & ~(frame_bytes - 1)) : std::nullopt;
}

// Into the table's own memory nobody goes: what is there is no tag. Nor into a frame of which it has a part,
// as nodes may be smaller.
bool leads_into(const Expected& expected, const Scene& scene) {
  const auto frame = frame_of(expected);
  return frame && *frame - scene.base() < scene.before().size();
}

bool covers(std::span<const Owed> owed, std::uint64_t address) {
  return std::ranges::any_of(owed,
                             [address](const Owed& o) { return o.first <= address && address <= o.last; });
}

// Some MMU may be able to answer an access at one time, and not at another.
bool is_whole(const Sight& sight) {
  return std::ranges::none_of(std::array{sight.warm, sight.stale, sight.fresh},
                              [](const Answer& a) { return a.outcome == Outcome::not_judged; });
}

std::string show(std::span<const Owed> owed) {
  std::string text;
  for (const Owed& each : owed)
    text += format("owed       %#llx to %#llx%s\n", Hex{each.first}, Hex{each.last},
                   each.tables ? ", and tables" : "");
  return owed.empty() ? "owed       nothing\n" : text;
}

} // namespace

std::optional<Shootdown::Meeting> Shootdown::meeting(const View& view, std::uint64_t root,
                                                     const Probe& probe) {
  const reference::Walk walk = view.mmu->walk(view.memory, root, probe.address, access_of(probe), view.mode);
  const auto expected = expectation(walk);
  return expected ? std::optional(Meeting{*expected, walk.translation.flags}) : std::nullopt;
}

bool Shootdown::watches(const View& view) const {
  const emulators::CachedMmu* const mmu = oracle_->emulator->cached();
  return mmu != nullptr && mmu->watches(view.mmu->profile().name);
}

Verdict Shootdown::judge(const Scene& scene, View view) {
  if (!watches(view))
    return std::nullopt;
  before_ = scene.before();
  after_ = scene.after();
  view.mode.adue = oracle_->emulator->writes_back();
  const View before = over(before_, view, scene.base()), after = over(after_, view, scene.base());
  if (!view.mode.adue)
    for (const View& each : {before, after})
      use(each, scene.survey(), scene.root(), scene.probes());
  choose(scene, before, after);
  sights_.resize(accesses_.size());
  oracle_->emulator->cached()->watch(view.mmu->profile().name,
                                     {scene.base(), scene.root(), before_, after_, scene.owed()}, accesses_,
                                     sights_);
  ++tally_->edits;
  Verdict first;
  for (std::size_t i = 0; i < accesses_.size(); ++i)
    keep_first(first, compare(scene, after, i));
  return first;
}

void Shootdown::choose(const Scene& scene, const View& before, const View& after) {
  accesses_.clear();
  expected_.clear();
  for (const Probe& probe : scene.probes()) {
    const auto old = meeting(before, scene.root(), probe), now = meeting(after, scene.root(), probe);
    if (!old || !now || leads_into(old->expected, scene) || leads_into(now->expected, scene))
      continue;
    accesses_.push_back({probe, frame_of(old->expected), frame_of(now->expected)});
    expected_.push_back({*old, *now});
  }
  tally_->not_judged += scene.probes().size() - accesses_.size();
}

Verdict Shootdown::compare(const Scene& scene, const View& view, std::size_t i) {
  const Sight& sight = sights_[i];
  const Probe& probe = accesses_[i].probe;
  const Expected &old = expected_[i].before.expected, &now = expected_[i].after.expected;
  if (!is_whole(sight)) {
    ++tally_->not_judged;
    return std::nullopt;
  }
  ++tally_->accesses;
  if (!same(view, probe, old, sight.warm))
    return wrong(scene, view, i, "not the old translation, with an empty TLB");
  if (!same(view, probe, now, sight.fresh))
    return wrong(scene, view, i,
                 same(view, probe, old, sight.fresh) ? "stale after all invalidations"
                                                     : "neither old nor new after all invalidations");
  if (loses_a_flag(scene, view, i))
    return wrong(scene, view, i, "sets no flag again, as if through a stale translation");
  if (same(view, probe, now, sight.stale))
    return std::nullopt;
  if (!same(view, probe, old, sight.stale))
    return wrong(scene, view, i, "neither old nor new");
  if (!covers(scene.owed(), probe.address))
    return wrong(scene, view, i, "stale, and no invalidation covers it");
  ++tally_->stale;
  return std::nullopt;
}

// `left`: the table as the MMU left it. Where other flags changed, it may know better than the table.
bool Shootdown::loses_a_flag(const Scene& scene, const View& left, std::size_t i) const {
  const reference::Flags old = expected_[i].before.flags, now = expected_[i].after.flags;
  if (!left.mode.adue || sights_[i].fresh.outcome != Outcome::ok)
    return false;
  const auto found = left.translate(scene.root(), accesses_[i].probe.address);
  const bool writes = accesses_[i].probe.kind == emulators::Kind::write;
  return found
         && ((old.accessed && !now.accessed && !found->flags.accessed)
             || (writes && old.dirty && !now.dirty && !found->flags.dirty));
}

bool Shootdown::same(const View& view, const Probe& probe, const Expected& expected,
                     const Answer& answer) const {
  return agree(expected, answer)
         || std::ranges::any_of(oracle_->deviations, [&](const emulators::Deviation& d) {
              return d.explains(view.mmu->profile().name, probe, expected, answer);
            });
}

Verdict Shootdown::wrong(const Scene& scene, const View& view, std::size_t i, const char* what) {
  ++tally_->wrong;
  const std::string name = std::string(oracle_->emulator->name()) + " TLB";
  const Probe& probe = accesses_[i].probe;
  return finding(name.c_str(), probe.address, to_text(probe) + ": " + what,
                 std::string(view.mmu->profile().name)
                     + format(", %s at %#llx: %s", to_text(probe).c_str(), Hex{probe.address}, what),
                 show(scene.owed()) + "empty TLB  " + to_text(sights_[i].warm) + "\nedited     "
                     + to_text(sights_[i].stale) + "\ninvalid    " + to_text(sights_[i].fresh)
                     + "\nold        " + to_text(expected_[i].before.expected) + "\nnew        "
                     + to_text(expected_[i].after.expected));
}

} // namespace pagetwin::fuzz
