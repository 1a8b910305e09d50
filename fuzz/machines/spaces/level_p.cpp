#include "fuzz/machines/spaces/level_p.hpp"

namespace pagetwin::fuzz {

void LevelP::differ(const char* what, P::V va) {
  wrong_ = tell([what, va] {
    return finding("P", va, format("level P: %s", what),
                   format("%s at %#llx: what a table of ours did is not what level P does", what,
                          static_cast<unsigned long long>(va)));
  });
}

const LevelP::P::Page* LevelP::named(P::N n, P::PTEName pte, P::V va) const {
  const P::Page* const page = model_.page_at(n, va);
  return page != nullptr && page->base == va && page->pte == pte ? page : nullptr;
}

// As getmapnode answers.
bool LevelP::leads(const P::Page* page, P::V va, P::TreeListNodeName node) {
  return page != nullptr && page->fields.Vaddr == va && page->fields.MapNode == node;
}

// As getpaddr, getR, getW, getX and getmapnode answer.
bool LevelP::is_seen(const P::Page* page, const std::optional<Seen>& answer) {
  if (page == nullptr || !answer)
    return page == nullptr && !answer;
  const P::PTE& fields = page->fields;
  const unsigned rights = (fields.R ? 1U : 0U) | (fields.W ? 2U : 0U) | (fields.X ? 4U : 0U);
  return page->base == answer->va && page->size == answer->size && fields.Paddr == answer->paddr
         && rights == static_cast<unsigned>(answer->rights) && fields.Cached && fields.MapNode == answer->node
         && fields.Vaddr == answer->va;
}

// Of a page that is new: without rights, and not cached.
void LevelP::set_fields(P::PTEName pte, P::PTESize size, const P::PTE& fields) {
  const bool all = model_.setpaddr(pte, fields.Paddr, size) && (!fields.R || model_.setR(pte, true, size))
                   && (!fields.W || model_.setW(pte, true, size))
                   && (!fields.X || model_.setX(pte, true, size)) && model_.setCached(pte, true, size)
                   && model_.setlinknode(pte, fields.MapNode, fields.Vaddr, size);
  expect(all, "fields of a page", fields.Vaddr);
}

void LevelP::insert(P::N n, const Seen& page, P::PTEName pte) {
  const bool is_new = !model_.is_used(pte); // so that what there was already would be another page's name
  const auto done = model_.insert(n, page.va, page.size, pte);
  expect(is_new && done && done->page == P::Found{pte, page.size}, "insert", page.va);
  if (!wrong_)
    set_fields(pte, page.size,
               {.Paddr = page.paddr,
                .R = has(page.rights, Rights::read),
                .W = has(page.rights, Rights::write),
                .X = has(page.rights, Rights::execute),
                .MapNode = page.node,
                .Vaddr = page.va});
}

void LevelP::setlinknode(P::N n, P::PTEName pte, P::V va, P::TreeListNodeName node) {
  defined(model_.setlinknode(pte, node, va, size_of(named(n, pte, va))), "setlinknode", va);
}

void LevelP::unlink(P::N n, P::PTEName pte, P::V va, P::TreeListNodeName node) {
  const P::Page* const page = named(n, pte, va);
  expect(leads(page, va, node), "getmapnode", va);
  defined(model_.setlinknode(pte, 0, 0, size_of(page)), "setlinknode", va);
}

void LevelP::remove(P::N n, P::V va, P::PTESize size) { defined(model_.remove(n, va, size), "remove", va); }

void LevelP::set_rights(P::N n, P::V va, P::PTESize size, Rights rights) {
  const P::Page* const page = model_.page_at(n, va);
  const P::PTEName pte = page != nullptr ? page->pte : 0;
  expect(model_.setR(pte, has(rights, Rights::read), size)
             && model_.setW(pte, has(rights, Rights::write), size)
             && model_.setX(pte, has(rights, Rights::execute), size),
         "setR, setW, setX", va);
}

void LevelP::split(P::N n, P::V va, P::PTESize size, const Row& parts) {
  names_.clear();
  for (std::size_t i = 0; i < parts.count; ++i)
    names_.push_back(parts.first + i * parts.step);
  defined(model_.split(n, va, size, names_), "split", va);
}

void LevelP::join(P::N n, P::V va, P::PTESize size, P::PTEName pte) {
  const P::Page* part = model_.page_at(n, va);
  expect(part != nullptr && part->base == va && part->size < size, "join", va);
  if (wrong_)
    return;
  const P::Page first = *part;
  P::PTE fields = first.fields; // of each part, but for the frame
  for (P::V at = va; at - va < size; at += first.size, fields.Paddr += first.size) {
    part = model_.page_at(n, at);
    expect(part != nullptr && part->fields == fields, "join", at);
    defined(model_.remove(n, at, first.size), "remove", at);
  }
  const auto done = model_.insert(n, va, size, pte);
  expect(done && done->page == P::Found{pte, size}, "insert", va);
  if (!wrong_)
    set_fields(pte, size, first.fields);
}

void LevelP::looked_up(P::N n, P::V va, const std::optional<Seen>& answer) {
  expect(model_.has_lookup(n, va) && is_seen(model_.page_at(n, va), answer), "lookup", va);
}

void LevelP::looked_for(P::N n, P::V first, P::V last, const std::optional<Seen>& answer) {
  const P::Page* page = model_.page_at(n, first);
  if (page == nullptr)
    page = model_.neighbours(n, first).above;
  expect(is_seen(page != nullptr && page->base <= last ? page : nullptr, answer), "lookups of a range",
         first);
}

void LevelP::looked_back(P::N n, P::PTEName pte, P::V va, P::TreeListNodeName node) {
  expect(leads(named(n, pte, va), va, node), "getmapnode", va);
}

} // namespace pagetwin::fuzz
