// One edit, seen through the TLB of a guest's processor (cached_mmu.hpp): the table's bytes before it, then
// those after it, while the guest sleeps with its TLB as it is, then what the edit owes, as instructions of
// the guest. It refuses to know those: each guest does.
#include "fuzz/emulators/qemu.hpp"

#include <algorithm>

namespace pagetwin::emulators {

namespace {

// How the mailbox says it: a page's address, with bit 0 where cached tables on the way to it are owed, too.
void put_pages(std::span<const Owed> owed, mailbox& box) {
  constexpr std::uint64_t everything = ~std::uint64_t{0};
  const auto pages = pages_of(owed, MAILBOX_PAGES);
  box.pages_count = pages ? pages->size() : everything;
  if (pages)
    std::ranges::transform(*pages, box.pages,
                           [](const OwedPage& page) { return page.address | (page.tables ? 1 : 0); });
}

} // namespace

void Qemu::watch(std::string_view format, const Edit& edit, std::span<const Access> accesses,
                 std::span<Sight> sights) {
  check({edit.base, edit.before, edit.root});
  try {
    watch_in_steps(process(), format, edit, accesses, sights);
  } catch (const std::runtime_error&) {
    process_.reset();
    throw;
  }
}

void Qemu::watch_in_steps(QemuProcess& process, std::string_view format, const Edit& edit,
                          std::span<const Access> accesses, std::span<Sight> sights) {
  const Image before{edit.base, edit.before, edit.root}, after{edit.base, edit.after, edit.root};
  load(process, before);
  prepare(process, format, before);
  lead(process, before, accesses);
  choose_accesses(format, accesses);
  std::ranges::fill(sights, Sight{not_judged, not_judged, not_judged});
  step(process, format, STEP_FORGET, accesses, sights, &Sight::warm);
  load(process, after);
  prepare(process, format, after);
  step(process, format, STEP_KEEP, accesses, sights, &Sight::stale);
  put_pages(edit.owed, process.box());
  step(process, format, STEP_INVALIDATE, accesses, sights, &Sight::fresh);
  process.box().step = STEP_WALK;
  finish(process, after);
  std::ranges::copy(image_memory(process, 0, edit.after.size()), edit.after.begin());
}

void Qemu::choose_accesses(std::string_view format, std::span<const Access> accesses) {
  aimed_.clear();
  access_of_.clear();
  for (std::size_t i = 0; i < std::min<std::size_t>(accesses.size(), MAILBOX_CELLS); ++i) {
    const Probe& probe = accesses[i].probe;
    if (probe.kind == Kind::execute || !asks_access(format, accesses[i]))
      continue;
    aimed_.push_back({aim_access(probe), probe.kind, probe.user});
    access_of_.push_back(i);
  }
}

void Qemu::step(QemuProcess& process, std::string_view format, std::uint64_t how,
                std::span<const Access> accesses, std::span<Sight> sights, Answer Sight::* answer) {
  mailbox& box = process.box();
  box.step = how;
  sort(format, aimed_, box);
  process.run();
  listen(process);
  for (std::size_t cell = 0; cell < order_.size(); ++cell) {
    const std::size_t access = access_of_[order_[cell]];
    sights[access].*answer = read_access(format, accesses[access].probe, box.cells[cell]);
  }
}

} // namespace pagetwin::emulators
