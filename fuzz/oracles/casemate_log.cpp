#include "fuzz/oracles/casemate_log.hpp"

#include "fuzz/oracles/finding.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;
using reference::SlotKind;

constexpr std::uint64_t lock = 0x1000;          // where the lock of the tables is: in no node
constexpr std::uint64_t most_pages = 64;        // that are invalidated one by one
constexpr std::uint64_t page_numbers = 44;      // bits of a page's number in the operand of a TLBI
constexpr std::uint64_t t0sz_of_48_bits = 0x10; // TCR_EL2 and VTCR_EL2

} // namespace

bool CasemateLog::tells(const reference::Mmu& mmu) { return &mmu == &reference::aarch64_s1_4k(); }

void CasemateLog::restart() {
  known_.clear();
  text_.clear();
  root_ = operation_ = records_ = 0;
  ended_ = false;
}

// One root a log: at EL2 casemate has only one, and lets go of none that is in use.
void CasemateLog::end() {
  if (root_ != 0)
    record(0, "unlock", format("(address %#llx)", Hex{lock}));
  root_ = 0;
  ended_ = true;
}

void CasemateLog::record(std::uint64_t cpu, const char* name, const std::string& fields) {
  text_ += format("(%s (id %llu) (tid %llu) ", name, Hex{records_++}, Hex{cpu}) + fields
           + format(" (src \"pagetwin:%llu\"))\n", Hex{operation_});
}

// A release, as the order in which a table stores is the one that all see.
void CasemateLog::write(std::uint64_t slot, std::uint64_t word) {
  record(0, "mem-write", format("(mem-order release) (address %#llx) (value %#llx)", Hex{slot}, Hex{word}));
}

void CasemateLog::hear(const MemoryEvent& event) {
  if (ended_)
    return;
  switch (event.kind) {
  case MemoryEvent::Kind::store:
    return on_store(event);
  case MemoryEvent::Kind::invalidate:
    return on_flush(event);
  case MemoryEvent::Kind::sync:
    return root_ == 0 ? void() : record(event.cpu, "barrier", "dsb (kind ish)");
  case MemoryEvent::Kind::release:
    return on_release(event.address);
  case MemoryEvent::Kind::allocate:
  case MemoryEvent::Kind::retire:
    return;
  }
}

void CasemateLog::on_store(const MemoryEvent& event) {
  const NodeState& node = seen_->node(event.address);
  if (node.space != space || event.before == event.after)
    return;
  if (root_ == 0)
    introduce_root(view_->slot(node.address, 0));
  const unsigned index = view_->index_of(node.address, event.address);
  introduce_below(event.after, node.level, index);
  write(event.address, event.after);
}

// The first store that hardware can see is to the root: nothing else is linked.
void CasemateLog::introduce_root(std::uint64_t root) {
  root_ = root;
  for (const char* const sysreg : {"vtcr_el2", "tcr_el2"})
    record(0, "sysreg-write", format("(sysreg %s) (value %#llx)", sysreg, Hex{t0sz_of_48_bits}));
  for (const char* const sysreg : {"mair_el2", "hcr_el2", "sctlr_el2"})
    record(0, "sysreg-write", format("(sysreg %s) (value 0)", sysreg));
  record(0, "mem-init", format("(address %#llx) (size 0x1000)", Hex{root}));
  record(0, "hint", format("(kind set_root_lock) (location %#llx) (value %#llx)", Hex{root}, Hex{lock}));
  record(0, "sysreg-write", format("(sysreg ttbr0_el2) (value %#llx)", Hex{root}));
  record(0, "sysreg-write", "(sysreg sctlr_el2) (value 0x1)");
  record(0, "lock", format("(address %#llx)", Hex{lock}));
  known_.push_back(root);
}

bool CasemateLog::is_known(std::uint64_t node) const {
  return std::ranges::find(known_, node) != known_.end();
}

void CasemateLog::introduce_below(std::uint64_t raw, unsigned level, unsigned index) {
  const auto word = view_->mmu->decode(raw, level, index, view_->mode);
  if (word.kind == SlotKind::table && level > 0 && seen_->contains(word.address)
      && seen_->node(word.address).live && !is_known(word.address))
    introduce(seen_->node(word.address), level - 1);
}

void CasemateLog::introduce(const NodeState& node, unsigned level) {
  known_.push_back(node.address);
  record(0, "mem-init", format("(address %#llx) (size 0x1000)", Hex{node.address}));
  record(0, "hint",
         format("(kind set_owner_root) (location %#llx) (value %#llx)", Hex{node.address}, Hex{root_}));
  for (unsigned i = node.first_used(); i <= node.last_used(); ++i) {
    const std::uint64_t slot = view_->slot(node.address, i), word = view_->load(slot);
    if (word == 0)
      continue;
    introduce_below(word, level, i);
    write(slot, word);
  }
}

// Page by page, without a hint at the level, or all at once where that would be long. TLBI VALE2IS reaches
// what a leaf of any level said, VAE2IS table pointers, too.
void CasemateLog::on_flush(const MemoryEvent& event) {
  const Invalidation& i = *event.flush;
  if (raw(i.space) != tag || root_ == 0)
    return;
  record(event.cpu, "barrier", "dsb (kind ish)");
  const std::uint64_t page = view_->mmu->span(0), pages = (i.last - i.first) / page + 1;
  if (pages > most_pages)
    return record(event.cpu, "tlbi", "alle2is");
  const char* const kind = i.reach == Invalidation::Reach::walk ? "vae2is" : "vale2is";
  for (std::uint64_t n = 0; n < pages; ++n) {
    const std::uint64_t number = (i.first / page + n) & ((std::uint64_t{1} << page_numbers) - 1);
    record(event.cpu, "tlbi", format("%s (value %#llx)", kind, Hex{number}));
  }
}

void CasemateLog::on_release(std::uint64_t node) {
  if (!is_known(node))
    return;
  if (node == root_)
    return end();
  std::erase(known_, node);
  record(0, "mem-free", format("(address %#llx) (size 0x1000)", Hex{node}));
}

} // namespace pagetwin::fuzz
