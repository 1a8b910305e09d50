// Rule: docs/l4.md, "Spaces, pages and units", "Operations" (the paragraph on transfers) and "Statuses".
#include "reference/l4_operations.hpp"

#include "reference/alignment.hpp"

#include <algorithm>
#include <bit>

namespace reference {

namespace {

// What there is one half of, or two.
std::uint64_t half_of(const Profile& profile) {
  return std::uint64_t{1} << (profile.sign_extended ? profile.va_bits - 1 : profile.va_bits);
}

bool is_set(L4Bits bits) { return bits != 0 && bits <= l4_all; }

L4Bits bits_of(AccessKind kind) {
  return kind == AccessKind::read ? 1 : kind == AccessKind::write ? 1 | 2 : 1 | 4;
}

} // namespace

void L4Operations::reset(unsigned spaces, std::uint64_t memory) {
  exists_.assign(spaces, false);
  exists_[0] = true;
  areas_.clear();
  placed_.clear();
  forget_changes();
  start(memory);
}

L4Status L4Operations::create(unsigned space) {
  if (space >= exists_.size())
    return L4Status::unknown_space;
  if (exists_[space])
    return L4Status::space_in_use;
  exists_[space] = true;
  return L4Status::ok;
}

L4Status L4Operations::destroy(unsigned space) {
  if (!exists(space))
    return L4Status::unknown_space;
  if (space == 0)
    return L4Status::space_in_use;
  const std::uint64_t half = half_of(profile());
  flush_all({space, 0, half}, l4_all);
  if (profile().sign_extended)
    flush_all({space, -half, half}, l4_all);
  for (auto* areas : {&areas_, &placed_})
    std::erase_if(*areas, [space](const Area& area) { return area.space == space; });
  exists_[space] = false;
  return L4Status::ok;
}

// Which of all that a format can express about a page its r, w and x are: `user` is the embedder's business.
bool L4Operations::is_expressible(L4Bits rights) const {
  return profile().expressible_rights(
      {.read = (rights & 1) != 0, .write = (rights & 2) != 0, .execute = (rights & 4) != 0});
}

L4Status L4Operations::flexpage_status(const L4Flexpage& page) const {
  if (page.size == 0)
    return L4Status::empty;
  if (!std::has_single_bit(page.size) || page.size < this->page() || page.size > half_of(profile()))
    return L4Status::bad_size;
  if (!divides(page.size, page.base))
    return L4Status::misaligned;
  return is_virtual_range(profile(), page.base, page.size) ? L4Status::ok : L4Status::out_of_range;
}

// As the table's operations on one leaf test them. What is no power of two aligns nothing.
L4Status L4Operations::size_status(std::uint64_t va, std::uint64_t pa, std::uint64_t size) const {
  if (size == 0)
    return L4Status::empty;
  if (!divides(std::has_single_bit(size) ? size : page(), va | pa))
    return L4Status::misaligned;
  if (!is_page_size(profile(), size))
    return L4Status::bad_size;
  const bool in_range = is_virtual_range(profile(), va, size) && is_physical_range(profile(), pa, size);
  return in_range ? L4Status::ok : L4Status::out_of_range;
}

L4Status L4Operations::transfer_status(const L4Transfer& transfer) const {
  for (const L4Flexpage& page : {transfer.send, transfer.window})
    if (const L4Status bad = flexpage_status(page); bad != L4Status::ok)
      return bad;
  return is_set(transfer.mask) && is_expressible(transfer.mask) ? L4Status::ok : L4Status::bad_attributes;
}

L4Status L4Operations::spaces_and_transfer(const L4Transfer& transfer) const {
  const bool known = exists(transfer.from) && exists(transfer.to);
  return known ? transfer_status(transfer) : L4Status::unknown_space;
}

L4Status L4Operations::revocation_status(unsigned space, const L4Flexpage& page, L4Bits mask) const {
  if (!exists(space))
    return L4Status::unknown_space;
  if (const L4Status bad = flexpage_status(page); bad != L4Status::ok)
    return bad;
  const bool good = is_set(mask) && (mask == l4_all || is_expressible(l4_all & ~mask));
  return good ? L4Status::ok : L4Status::bad_attributes;
}

// The smaller one lies in the larger, and in itself at its base.
L4Operations::Move L4Operations::meet(const L4Transfer& transfer) {
  const std::uint64_t size = std::min(transfer.send.size, transfer.window.size);
  const auto place = [&transfer, size](const L4Flexpage& page) {
    return page.base + round_down(transfer.send_base & (page.size - 1), size);
  };
  return {{transfer.from, place(transfer.send), size},
          {transfer.to, place(transfer.window), size},
          transfer.mask};
}

L4Transferred L4Operations::map(const L4Transfer& transfer) {
  const L4Status status = spaces_and_transfer(transfer);
  return {status, status == L4Status::ok ? map_all(meet(transfer)) : 0};
}

L4Transferred L4Operations::grant(const L4Transfer& transfer) {
  const L4Status status = spaces_and_transfer(transfer);
  return {status, status == L4Status::ok ? grant_all(meet(transfer)) : 0};
}

L4Unmapped L4Operations::unmap(unsigned space, L4Flexpage page, L4Bits mask) {
  const L4Status status = revocation_status(space, page, mask);
  return {status, status == L4Status::ok ? unmap_all({space, page.base, page.size}, mask) : L4Bits{0}};
}

L4Unmapped L4Operations::flush(unsigned space, L4Flexpage page, L4Bits mask) {
  const L4Status status = revocation_status(space, page, mask);
  return {status, status == L4Status::ok ? flush_all({space, page.base, page.size}, mask) : L4Bits{0}};
}

const L4Unit* L4Operations::area_in(const Region& region) const {
  for (const Area& area : areas_)
    if (area.region().meets(region))
      return &area.unit;
  return nullptr;
}

L4Status L4Operations::place(unsigned space, std::uint64_t va, std::uint64_t size, std::uint64_t frame,
                             L4Bits rights) {
  if (!exists(space))
    return L4Status::unknown_space;
  if (const L4Status bad = size_status(va, frame, size); bad != L4Status::ok)
    return bad;
  if (!is_set(rights) || !is_expressible(rights))
    return L4Status::bad_attributes;
  const Area area{space, {va, size, std::nullopt, frame, rights, 0, true}};
  if (is_mapped(area.region()) || area_in(area.region()) != nullptr)
    return L4Status::overlap;
  const auto is_below = [](const Area& a, const Area& b) {
    return a.space != b.space ? a.space < b.space : a.unit.base < b.unit.base;
  };
  for (auto* areas : {&areas_, &placed_})
    areas->insert(std::upper_bound(areas->begin(), areas->end(), area, is_below), area);
  note_change(space, va);
  return L4Status::ok;
}

L4Status L4Operations::merge(unsigned space, std::uint64_t va, std::uint64_t size) {
  if (!exists(space))
    return L4Status::unknown_space;
  if (const L4Status bad = size_status(va, 0, size); bad != L4Status::ok)
    return bad;
  const Region first{space, va, page()};
  if (area_in(first) != nullptr)
    return L4Status::not_uniform;
  if (!is_mapped(first))
    return L4Status::not_mapped;
  return join({space, va, size}) ? L4Status::ok : L4Status::not_uniform;
}

void L4Operations::touch(unsigned space, std::uint64_t va, AccessKind kind) {
  add_status(space, va, bits_of(kind));
}

std::optional<L4Unit> L4Operations::find(unsigned space, std::uint64_t va) const {
  if (const L4Unit* area = area_in({space, va, 1}))
    return *area;
  return find_unit(space, va);
}

void L4Operations::units(unsigned space, std::vector<L4Unit>& to) const {
  to.clear();
  list(space, to);
  const std::size_t mapped = to.size();
  for (const Area& area : areas_)
    if (area.space == space)
      to.push_back(area.unit);
  if (to.size() != mapped) // else they are in order
    std::sort(to.begin(), to.end(), [](const L4Unit& a, const L4Unit& b) { return a.base < b.base; });
}

bool L4Operations::areas_are_no_units() const {
  return std::none_of(areas_.begin(), areas_.end(),
                      [this](const Area& area) { return is_mapped(area.region()); });
}

unsigned L4Operations::broken_invariant() const {
  const unsigned broken = broken_core();
  return broken == 0 && areas_ != placed_ ? 7 : broken;
}

} // namespace reference
