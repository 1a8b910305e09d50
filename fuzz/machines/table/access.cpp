// The hardware's side: accesses through a cached translation or a walk of the raw bytes, flags set behind the
// table's back, walks between two stores.
#include "fuzz/machines/table/machine.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

} // namespace

Verdict TableMachine::apply_access(const twin::Op& op) {
  const std::uint64_t va = op.value[field_va], arg = op.value[field_arg];
  const reference::Access access{static_cast<reference::AccessKind>((arg & 3U) % 3), (arg & 4U) != 0};
  const bool write = access.kind == reference::AccessKind::write;
  const AdversarialTlb::Line* line = (arg & 8U) != 0 ? tlb_.find(space_, va) : nullptr;
  // A write through a line that is not known to be dirty walks again, to set the flag, where there is one.
  const bool sets_flag = write && mmu_->profile().dirty && line != nullptr && !line->flags.dirty;
  if (line != nullptr && mmu_->profile().permits(line->attributes, access) && !sets_flag)
    return access_cached(*line, va, write);
  return access_walking(va, access);
}

Verdict TableMachine::access_cached(const AdversarialTlb::Line& line, std::uint64_t va, bool write) {
  const auto want = model().lookup(va);
  answer_ = {.word = "ok cached", .is_status = false};
  if (!want || want->pa != line.pa + (va - line.va))
    return finding("O6 tlb", va, "access through a stale line",
                   format("an access to %#llx through a cached translation goes to %#llx", Hex{va},
                          Hex{line.pa + (va - line.va)}));
  // No flag reaches memory: it holds them already, or an invalidation is missing and the next harvest shows
  // it.
  (void)model().set_flags(va, line.flags.accessed, write);
  return std::nullopt;
}

Verdict TableMachine::access_walking(std::uint64_t va, const reference::Access& access) {
  const auto want = model().lookup(va);
  const bool allowed = want && mmu_->profile().permits(want->attributes, access);
  const reference::Walk walk = mmu_->access(view_.memory, subject_->root(space_), va, access, view_.mode);
  answer_ = {.word = reference::to_text(walk.outcome), .is_status = false};
  if ((walk.outcome == reference::Outcome::ok) != allowed)
    return finding("O3 walk", va, format("access %s", reference::to_text(walk.outcome)),
                   format("hardware's access to %#llx ends with %s, the reference %s it", Hex{va},
                          reference::to_text(walk.outcome), allowed ? "allows" : "forbids"));
  if (!allowed)
    return std::nullopt;
  if (walk.translation.pa != want->pa)
    return finding("O3 walk", va, "access address",
                   format("hardware's access to %#llx goes to %#llx, the reference's to %#llx", Hex{va},
                          Hex{walk.translation.pa}, Hex{want->pa}));
  (void)model().set_flags(va, true, access.kind == reference::AccessKind::write);
  if (const auto now = view_.translate(subject_->root(space_), va); now && subject_->observation() != nullptr)
    tlb_.fill(space_, va, *now);
  return std::nullopt;
}

// A walk between two stores of an operation may cache what it sees.
void TableMachine::after_store(std::uint64_t slot) {
  const Observation& seen = *subject_->observation();
  const NodeState& node = seen.node(slot);
  if (!node.linked || !spaces_[node.space].alive)
    return;
  const unsigned index = view_.index_of(seen.node_address(slot), slot);
  const std::uint64_t va = view_.slot_va(node.va, node.level, index);
  if (const auto t = view_.translate(subject_->root(node.space), va))
    tlb_.fill(node.space, va, *t);
}

void TableMachine::before_exchange(std::uint64_t slot) {
  if (inject_in_ == never)
    return;
  inject_spent_ = true;
  inject_in(inject_in_ - 1);
  if (inject_in_ != never) // it was not 0
    return;
  const Observation& seen = *subject_->observation();
  const NodeState& node = seen.node(slot);
  if (!node.linked)
    return;
  const unsigned index = view_.index_of(seen.node_address(slot), slot);
  const std::uint64_t page = mmu_->profile().sizes.front(), span = mmu_->span(node.level);
  const std::uint64_t va = view_.slot_va(node.va, node.level, index) + inject_page_ * page % span;
  // The reference hears of it as of something that happened before the operation, so the leaf must still be
  // what it was then.
  const auto now = view_.translate(subject_->root(node.space), va),
             then = spaces_[node.space].model.lookup(va);
  if (!now || !then || now->size != then->size)
    return;
  const reference::Access write{reference::AccessKind::write, false};
  const auto walk = mmu_->access(view_.memory, subject_->root(node.space), va, write, view_.mode);
  if (walk.outcome == reference::Outcome::ok)
    injected_.push_back({node.space, va});
}

void TableMachine::on_flush(const Invalidation& i) {
  tlb_.invalidate(space_of_tag(i.space), i.first, i.last);
}

} // namespace pagetwin::fuzz
