// One operation to both sides.
#include "fuzz/machines/l4_page_table/machine.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

using Hex = unsigned long long;

Verdict AdtMachine::apply(const twin::Op& op) {
  switch (verb()) {
  case AdtVerb::createspace:
    return createspace(space_);
  case AdtVerb::deletespace:
    return deletespace(space_);
  case AdtVerb::lookup:
  case AdtVerb::insert:
  case AdtVerb::remove:
  case AdtVerb::split:
    return apply_to_place(op);
  case AdtVerb::fail:
    subject_->fail_allocation(op.value[adt_arg]);
    return std::nullopt;
  default:
    return apply_to_pte(op);
  }
}

Verdict AdtMachine::apply_to_place(const twin::Op& op) {
  if (!exists(space_)) {
    word_ = "unknown_space";
    return std::nullopt;
  }
  if (const Page* const page = page_at(space_, place_))
    before_ = *page;
  switch (verb()) {
  case AdtVerb::insert:
    return insert(op);
  case AdtVerb::remove:
    return remove(op);
  case AdtVerb::split:
    return split(op);
  default:
    return lookup(op);
  }
}

Verdict AdtMachine::apply_to_pte(const twin::Op& op) {
  const Operand at = operand(op);
  space_ = at.space;
  place_ = at.pte.va;
  bytes_ = at.pte.size;
  if (at.page != nullptr)
    before_ = *at.page;
  if (!exists(space_)) {
    word_ = "unknown_space";
    return std::nullopt;
  }
  switch (verb()) {
  case AdtVerb::get:
    return get(at);
  case AdtVerb::setlinknode:
    return setlinknode(op, at);
  case AdtVerb::getmapnode:
    return getmapnode(op, at);
  default:
    return set(op, at);
  }
}

// A name is the paper's operand, and a byte of its page comes with it. Where the name has come to be that of
// another page, the operation is undefined as if it were nobody's.
AdtMachine::Operand AdtMachine::operand(const twin::Op& op) const {
  const auto which = static_cast<unsigned>(op.value[adt_arg] >> 1U & 7U);
  Operand at;
  if (which != 0) {
    at.space = held_[which - 1].space;
    at.pte = held_[which - 1].pte;
  } else {
    const Page* const there = page_at(space_, place_);
    at = {
        space_, {there != nullptr ? there->pte : 0, there != nullptr ? there->base : place_, bytes_}, there};
  }
  at.page = page_at(at.space, at.pte.va);
  if (at.page != nullptr && (at.page->pte != at.pte.name || at.page->size != at.pte.size))
    at.page = nullptr;
  return at;
}

// What the reference leaves undefined is an error of ours, and nothing else is.
Verdict AdtMachine::same_definedness(bool defined) const {
  if ((status_ == Status::ok) == defined)
    return std::nullopt;
  return finding("O2 ret", place_, format("%s status", verb_name()),
                 format("%s answers %s, and is %s", verb_name(), to_text(status_).data(),
                        defined ? "defined" : "undefined"));
}

Verdict AdtMachine::differs(const char* what, std::uint64_t address) const {
  return finding("O1 lookup", address, format("%s: %s", verb_name(), what),
                 format("%s at %#llx: the %s differs from level P's", verb_name(), Hex{address}, what));
}

Verdict AdtMachine::createspace(unsigned space) {
  if (exists(space)) { // a handle of the program's, not a name
    word_ = "space_in_use";
    return std::nullopt;
  }
  status_ = subject_->createspace(space);
  if (status_ != Status::ok)
    return std::nullopt;
  ++nodes_expected_;
  structure_.add_root(subject_->observation(), subject_->root(space), space);
  return model_.createspace(subject_->root(space)) ? std::nullopt
                                                   : differs("name, which is in use,", subject_->root(space));
}

// With its pages go the nodes that lead to them, and the root.
Verdict AdtMachine::deletespace(unsigned space) {
  if (!exists(space)) {
    word_ = "unknown_space";
    return std::nullopt;
  }
  const std::uint64_t root = subject_->root(space);
  const Page* below = nullptr;
  for (const Page& page : model_.pages(root))
    nodes_expected_ -= abstraction_.own_nodes(page, {std::exchange(below, &page), nullptr});
  --nodes_expected_;
  Structure::drop_root(subject_->observation(), root);
  subject_->deletespace(space);
  return model_.deletespace(root) ? std::nullopt : differs("name, which is of no space,", root);
}

namespace {

// The answers of the two sides, name by name.
bool same_page(const std::optional<AdtPte>& ours,
               const std::optional<reference::L4PageTable::Found>& theirs) {
  return ours.has_value() == theirs.has_value()
         && (!ours || (ours->name == theirs->pte && ours->size == theirs->size));
}

} // namespace

Verdict AdtMachine::lookup(const twin::Op& op) {
  const auto ours = subject_->lookup(space_, op.value[adt_va]);
  word_ = ours ? nullptr : "none";
  const auto theirs = model_.lookup(name_of(space_), op.value[adt_va]);
  if (!theirs) // no address
    return ours ? same_definedness(false) : std::nullopt;
  return same_page(ours, theirs->page) ? std::nullopt : differs("page", op.value[adt_va]);
}

Verdict AdtMachine::insert(const twin::Op& op) {
  const AdtFound ours = subject_->insert(space_, op.value[adt_va], op.value[adt_size]);
  status_ = ours.status;
  if (ours.pte) {
    std::ranges::copy_backward(held_.begin(), held_.end() - 1, held_.end());
    held_[0] = {space_, *ours.pte};
  }
  return status_ == Status::out_of_memory ? starved(op) : inserted(op, ours);
}

// Only a page that can be inserted may want for nodes.
Verdict AdtMachine::starved(const twin::Op& op) const {
  const bool may = reference::is_page_size(mmu_->profile(), op.value[adt_size])
                   && reference::is_canonical(mmu_->profile(), op.value[adt_va])
                   && !model_.conflict(name_of(space_), op.value[adt_va], op.value[adt_size]);
  return may ? std::nullopt : differs("want of nodes", op.value[adt_va]);
}

Verdict AdtMachine::inserted(const twin::Op& op, const AdtFound& ours) {
  const std::uint64_t va = op.value[adt_va], size = op.value[adt_size];
  const std::size_t pages_before = model_.pages(name_of(space_)).size();
  const auto theirs = model_.insert(name_of(space_), va, size, ours.pte ? ours.pte->name : 0);
  if (Verdict v = same_definedness(theirs.has_value()); v || !theirs)
    return v;
  if (!same_page(ours.pte, theirs->page))
    return differs("result", va);
  const bool is_new = model_.pages(name_of(space_)).size() != pages_before;
  word_ = is_new ? nullptr : ours.pte ? "exists" : "none";
  const Page* const page = page_at(space_, va);
  if (page != nullptr && ours.pte && ours.pte->va != page->base)
    return differs("first byte", va);
  if (is_new && page != nullptr)
    nodes_expected_ += abstraction_.own_nodes(*page, model_.neighbours(name_of(space_), page->base));
  return std::nullopt;
}

Verdict AdtMachine::get(const Operand& at) {
  const auto ours = subject_->fields(at.space, at.pte);
  status_ = ours ? Status::ok : Status::not_mapped;
  const auto paddr = at.page != nullptr ? model_.getpaddr(at.pte.name, at.pte.size) : std::nullopt;
  if (Verdict v = same_definedness(paddr.has_value()); v || !paddr)
    return v;
  const std::uint64_t pte = at.pte.name, size = at.pte.size;
  const bool same = ours->paddr == *paddr && ours->r == model_.getR(pte, size)
                    && ours->w == model_.getW(pte, size) && ours->x == model_.getX(pte, size)
                    && ours->cached == model_.getCached(pte, size);
  return same ? std::nullopt : differs("field", at.pte.va);
}

AdtMachine::P::PTE AdtMachine::next_fields(const twin::Op& op, const Operand& at) {
  P::PTE next = at.page->fields;
  const bool on = (op.value[adt_arg] & 1U) != 0;
  switch (static_cast<AdtVerb>(op.verb)) {
  case AdtVerb::setr:
    next.R = on;
    break;
  case AdtVerb::setw:
    next.W = on;
    break;
  case AdtVerb::setx:
    next.X = on;
    break;
  case AdtVerb::setcached:
    next.Cached = on;
    break;
  default:
    next.Paddr = op.value[adt_pa];
  }
  return next;
}

Status AdtMachine::set_ours(const twin::Op& op, const Operand& at) {
  const bool on = (op.value[adt_arg] & 1U) != 0;
  switch (verb()) {
  case AdtVerb::setr:
    return subject_->setright(at.space, at.pte, Rights::read, on);
  case AdtVerb::setw:
    return subject_->setright(at.space, at.pte, Rights::write, on);
  case AdtVerb::setx:
    return subject_->setright(at.space, at.pte, Rights::execute, on);
  case AdtVerb::setcached:
    return subject_->setcached(at.space, at.pte, on);
  default:
    return subject_->setpaddr(at.space, at.pte, op.value[adt_pa]);
  }
}

bool AdtMachine::set_model(const twin::Op& op, const Operand& at) {
  const bool on = (op.value[adt_arg] & 1U) != 0;
  switch (verb()) {
  case AdtVerb::setr:
    return model_.setR(at.pte.name, on, at.pte.size).has_value();
  case AdtVerb::setw:
    return model_.setW(at.pte.name, on, at.pte.size).has_value();
  case AdtVerb::setx:
    return model_.setX(at.pte.name, on, at.pte.size).has_value();
  case AdtVerb::setcached:
    return model_.setCached(at.pte.name, on, at.pte.size).has_value();
  default:
    return model_.setpaddr(at.pte.name, op.value[adt_pa], at.pte.size).has_value();
  }
}

// The one limit of level C that level P has not: a PTE that hides has room for low frames only.
Verdict AdtMachine::set(const twin::Op& op, const Operand& at) {
  status_ = set_ours(op, at);
  if (at.page == nullptr)
    return same_definedness(false);
  const P::PTE next = next_fields(op, at);
  if (!abstraction_.shows(next) && !abstraction_.has_room(next.Paddr, at.pte.size))
    return same_definedness(false);
  return same_definedness(set_model(op, at));
}

Verdict AdtMachine::setlinknode(const twin::Op& op, const Operand& at) {
  const std::uint64_t node = op.value[adt_node], vaddr = op.value[adt_vaddr];
  status_ = subject_->setlinknode(at.space, at.pte, node, vaddr);
  return same_definedness(at.page != nullptr
                          && model_.setlinknode(at.pte.name, node, vaddr, at.pte.size).has_value());
}

// That the address is another than the one that was stored nobody can tell from one word: what our side
// answers then means nothing.
Verdict AdtMachine::getmapnode(const twin::Op& op, const Operand& at) {
  const auto ours = subject_->getmapnode(at.space, at.pte, op.value[adt_vaddr]);
  status_ = ours ? Status::ok : Status::not_mapped;
  if (at.page == nullptr)
    return same_definedness(false);
  const auto theirs = model_.getmapnode(at.pte.name, op.value[adt_vaddr], at.pte.size);
  word_ = theirs ? nullptr : "another_address";
  answer_ = theirs.value_or(0);
  if (!ours)
    return same_definedness(true);
  return !theirs || *ours == *theirs ? std::nullopt : differs("map node", at.pte.va);
}

Verdict AdtMachine::remove(const twin::Op& op) {
  status_ = subject_->remove(space_, op.value[adt_va], op.value[adt_size]);
  const bool defined = model_.remove(name_of(space_), op.value[adt_va], op.value[adt_size]).has_value();
  if (Verdict v = same_definedness(defined); v || !defined)
    return v;
  const auto beside = model_.neighbours(name_of(space_), before_->base);
  nodes_expected_ -= abstraction_.own_nodes(*before_, beside);
  return std::nullopt;
}

Verdict AdtMachine::split(const twin::Op& op) {
  status_ = subject_->split(space_, op.value[adt_va], op.value[adt_size]);
  if (status_ == Status::out_of_memory)
    return std::nullopt;
  const auto& sizes = mmu_->profile().sizes;
  if (!before_ || before_->size != op.value[adt_size] || before_->size == sizes.front())
    return same_definedness(false);
  const std::uint64_t part = *std::prev(std::ranges::find(sizes, before_->size));
  if (!abstraction_.shows(before_->fields)
      && !abstraction_.has_room(before_->fields.Paddr + before_->size - part, part))
    return same_definedness(false);
  if (Verdict v = status_ == Status::ok ? name_parts(*before_, part) : same_definedness(true))
    return v;
  parts_ += names_.size();
  nodes_expected_ += !std::ranges::count(names_, before_->pte);
  const bool defined =
      model_.split(name_of(space_), op.value[adt_va], op.value[adt_size], names_).has_value();
  return defined ? std::nullopt : differs("names of the parts, or one of them is in use,", place_);
}

// The names that our side has chosen, from the first part and the last: side by side in one node.
Verdict AdtMachine::name_parts(const Page& whole, std::uint64_t part) {
  const std::uint64_t count = whole.size / part;
  const auto first = abstraction_.lookup(name_of(space_), whole.base),
             last = abstraction_.lookup(name_of(space_), whole.last());
  if (!first.is_page() || !last.is_page())
    return differs("parts", whole.base);
  const std::uint64_t step = (last.page.pte - first.page.pte) / (count - 1);
  names_.resize(count);
  for (std::uint64_t i = 0; i < count; ++i)
    names_[i] = first.page.pte + i * step;
  return std::nullopt;
}

} // namespace pagetwin::fuzz
