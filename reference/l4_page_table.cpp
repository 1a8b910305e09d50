#include "reference/l4_page_table.hpp"

#include <algorithm>

namespace reference {

void L4PageTable::reset() {
  for (std::size_t i = 0; i < count_; ++i)
    spaces_[i].pages.clear();
  count_ = 0;
  names_.clear();
  last_ = nullptr;
}

Defined<L4PageTable::N> L4PageTable::createspace(N fresh) {
  if (is_active(fresh))
    return std::nullopt;
  if (count_ == spaces_.size())
    spaces_.emplace_back();
  spaces_[count_++].n = fresh;
  return fresh;
}

Defined<L4PageTable::RLookup> L4PageTable::lookup(N n, V v) const {
  if (!has_lookup(n, v))
    return std::nullopt;
  const Page* const page = page_at(n, v);
  return page != nullptr ? RLookup{Found{page->pte, page->size}} : RLookup{};
}

// Is an address of the page set mapped?
bool L4PageTable::conflict(const Space& s, V v, PTESize size) {
  const V first = first_of(v, size);
  const std::size_t i = first_from(s, first);
  return i < s.pages.size() && s.pages[i].base <= first + (size - 1);
}

// What an insertion answers, asked of the state that it has left. The paper prints ps < ps'.
L4PageTable::RInsert L4PageTable::insert_result(const Space& s, V v, PTESize size) {
  const std::size_t i = first_from(s, v);
  if (i == s.pages.size() || s.pages[i].base > v)
    return {};
  const Page& page = s.pages[i];
  return size <= page.size ? RInsert{Found{page.pte, page.size}} : RInsert{};
}

// The paper prints the branches the other way round, and leaves the fields of the new PTE as they were.
Defined<L4PageTable::RInsert> L4PageTable::insert(N n, V v, PTESize size, PTEName fresh) {
  Space* const s = space(n);
  if (s == nullptr || !is_page_size(*profile_, size) || !is_canonical(*profile_, v))
    return std::nullopt;
  if (!conflict(*s, v, size)) {
    if (is_used(fresh))
      return std::nullopt;
    const V first = first_of(v, size);
    s->pages.insert(s->pages.begin() + static_cast<std::ptrdiff_t>(first_from(*s, first)),
                    Page{first, size, fresh, PTE{}});
    use({fresh, n, first});
  }
  return insert_result(*s, v, size);
}

Defined<L4PageTable::R> L4PageTable::getpaddr(PTEName pte, PTESize size) const {
  const Page* const page = image(pte, size);
  return page != nullptr ? Defined<R>(page->fields.Paddr) : std::nullopt;
}

Defined<L4PageTable::RSetPaddr> L4PageTable::setpaddr(PTEName pte, R paddr, PTESize size) {
  Page* const page = image(pte, size);
  if (page == nullptr || first_of(paddr, size) != paddr || !is_physical_range(*profile_, paddr, size))
    return std::nullopt;
  page->fields.Paddr = paddr;
  return RSetPaddr{};
}

Defined<bool> L4PageTable::get(PTEName pte, PTESize size, bool PTE::* field) const {
  const Page* const page = image(pte, size);
  return page != nullptr ? Defined<bool>(page->fields.*field) : std::nullopt;
}

Defined<L4PageTable::RSetField> L4PageTable::set(PTEName pte, PTESize size, bool PTE::* field, bool on) {
  Page* const page = image(pte, size);
  if (page == nullptr)
    return std::nullopt;
  page->fields.*field = on;
  return RSetField{};
}

Defined<L4PageTable::RSetLinkNode> L4PageTable::setlinknode(PTEName pte, TreeListNodeName m, V v,
                                                            PTESize size) {
  Page* const page = image(pte, size);
  if (page == nullptr)
    return std::nullopt;
  page->fields.MapNode = m;
  page->fields.Vaddr = v;
  return RSetLinkNode{};
}

Defined<L4PageTable::TreeListNodeName> L4PageTable::getmapnode(PTEName pte, V v, PTESize size) const {
  const Page* const page = image(pte, size);
  if (page == nullptr || page->fields.Vaddr != v)
    return std::nullopt;
  return page->fields.MapNode;
}

Defined<L4PageTable::RRemove> L4PageTable::remove(N n, V v, PTESize size) {
  Space* const s = space(n);
  const auto at = page_of(s, v, size);
  if (!at)
    return std::nullopt;
  free(s->pages[*at].pte);
  s->pages.erase(s->pages.begin() + static_cast<std::ptrdiff_t>(*at));
  return RRemove{};
}

Defined<L4PageTable::RSplit> L4PageTable::split(N n, V v, PTESize size, std::span<const PTEName> fresh) {
  Space* const s = space(n);
  const auto at = page_of(s, v, size);
  if (!at || size == profile_->sizes.front())
    return std::nullopt;
  const PTESize smaller = *std::prev(std::ranges::find(profile_->sizes, size));
  const Page whole = s->pages[*at];
  if (fresh.size() != size / smaller || !are_unused(fresh, whole.pte))
    return std::nullopt;
  parts_.assign(fresh.size(), whole);
  free(whole.pte);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].base += i * smaller;
    use({fresh[i], n, parts_[i].base});
    parts_[i].size = smaller;
    parts_[i].pte = fresh[i];
    parts_[i].fields.Paddr += i * smaller;
  }
  const auto place = s->pages.begin() + static_cast<std::ptrdiff_t>(*at);
  s->pages.insert(s->pages.erase(place), parts_.begin(), parts_.end());
  return RSplit{};
}

Defined<L4PageTable::RDeleteSpace> L4PageTable::deletespace(N n) {
  Space* const s = space(n);
  if (s == nullptr)
    return std::nullopt;
  std::erase_if(names_, [n](const Name& name) { return name.n == n; });
  last_ = nullptr;
  s->pages.clear();
  std::swap(*s, spaces_[--count_]);
  return RDeleteSpace{};
}

std::size_t L4PageTable::name_from(PTEName pte) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(names_, pte, {}, &Name::pte) - names_.begin());
}

void L4PageTable::use(const Name& name) {
  last_ = nullptr;
  names_.insert(names_.begin() + static_cast<std::ptrdiff_t>(name_from(name.pte)), name);
}

void L4PageTable::free(PTEName pte) {
  last_ = nullptr;
  names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(name_from(pte)));
}

bool L4PageTable::is_used(PTEName pte) const {
  const std::size_t at = name_from(pte);
  return at < names_.size() && names_[at].pte == pte;
}

// Strictly ascending, so that they are distinct, and none of them in use.
bool L4PageTable::are_unused(std::span<const PTEName> fresh, PTEName but) const {
  return std::ranges::is_sorted(fresh, std::ranges::less_equal{})
         && std::ranges::none_of(fresh, [this, but](PTEName pte) { return pte != but && is_used(pte); });
}

std::span<const L4PageTable::Page> L4PageTable::pages(N n) const {
  const Space* const s = space(n);
  return s != nullptr ? std::span(s->pages) : std::span<const Page>();
}

const L4PageTable::Page* L4PageTable::page_at(N n, V v) const {
  if (last_ != nullptr && last_of_ == n && v - last_->base < last_->size)
    return last_;
  const Space* const s = space(n);
  const std::size_t i = s != nullptr ? first_from(*s, v) : 0;
  if (s == nullptr || i == s->pages.size() || s->pages[i].base > v)
    return nullptr;
  last_of_ = n;
  return last_ = &s->pages[i];
}

L4PageTable::Neighbours L4PageTable::neighbours(N n, V v) const {
  const Space* const s = space(n);
  if (s == nullptr)
    return {};
  const std::size_t i = first_from(*s, v);
  const std::size_t next = i != s->pages.size() && s->pages[i].base <= v ? i + 1 : i;
  return {i != 0 ? &s->pages[i - 1] : nullptr, next != s->pages.size() ? &s->pages[next] : nullptr};
}

const L4PageTable::Space* L4PageTable::space(N n) const {
  for (std::size_t i = 0; i < count_; ++i)
    if (spaces_[i].n == n)
      return &spaces_[i];
  return nullptr;
}

L4PageTable::Space* L4PageTable::space(N n) {
  return const_cast<Space*>(static_cast<const L4PageTable*>(this)->space(n));
}

// The first page that does not end before v.
std::size_t L4PageTable::first_from(const Space& s, V v) {
  const auto at = std::ranges::partition_point(s.pages, [v](const Page& page) { return page.last() < v; });
  return static_cast<std::size_t>(at - s.pages.begin());
}

// Fields are often set one after the other, of one PTE.
const L4PageTable::Page* L4PageTable::image(PTEName pte, PTESize size) const {
  const Page* page = last_;
  if (page == nullptr || page->pte != pte) {
    const std::size_t at = name_from(pte);
    const bool used = at < names_.size() && names_[at].pte == pte;
    page = used ? page_at(names_[at].n, names_[at].base) : nullptr;
  }
  return page != nullptr && page->size == size ? page : nullptr;
}

L4PageTable::Page* L4PageTable::image(PTEName pte, PTESize size) {
  return const_cast<Page*>(static_cast<const L4PageTable*>(this)->image(pte, size));
}

std::optional<std::size_t> L4PageTable::page_of(const Space* s, V v, PTESize size) {
  if (s == nullptr)
    return std::nullopt;
  const std::size_t i = first_from(*s, v);
  const bool there = i < s->pages.size() && s->pages[i].base <= v && s->pages[i].size == size;
  return there ? std::optional(i) : std::nullopt;
}

} // namespace reference
