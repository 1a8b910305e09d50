#include "reference/high_level.hpp"

#include "reference/alignment.hpp"

#include <algorithm>

namespace reference {

namespace {

using Pages = std::vector<PageMapping>;

// The first page that ends behind `va`: the one that covers it, if any does.
std::size_t page_at(const Pages& pages, std::uint64_t va) {
  const auto ends_before = [](const PageMapping& page, std::uint64_t at) {
    return page.va + (page.frame.size - 1) < at;
  };
  return static_cast<std::size_t>(std::lower_bound(pages.begin(), pages.end(), va, ends_before)
                                  - pages.begin());
}

bool begins_at(const Pages& pages, std::size_t at, std::uint64_t va) {
  return at < pages.size() && pages[at].va == va;
}

auto word_place(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& words, std::uint64_t pa) {
  return std::lower_bound(words.begin(), words.end(), pa,
                          [](const auto& each, std::uint64_t at) { return each.first < at; });
}

} // namespace

std::uint64_t Words::read(std::uint64_t pa) const {
  const auto at = word_place(written_, pa);
  return at != written_.end() && at->first == pa ? at->second : initial_(pa);
}

void Words::write(std::uint64_t pa, std::uint64_t word) {
  const auto at = word_place(written_, pa);
  const auto index = at - written_.begin();
  if (at != written_.end() && at->first == pa)
    written_[static_cast<std::size_t>(index)].second = word;
  else
    written_.insert(written_.begin() + index, {pa, word});
}

void HighLevel::reset(unsigned spaces) {
  own_.resize(std::max<std::size_t>(own_.size(), spaces));
  for (Pages& pages : own_)
    pages.clear();
  kernel_.clear();
  memory_.reset();
}

// What is no power of two aligns nothing, and is no size.
std::uint64_t HighLevel::alignment_of(std::uint64_t size) const {
  return (size & (size - 1)) == 0 ? size : profile_->sizes.front();
}

Status HighLevel::check_page(std::uint64_t va, std::uint64_t size) const {
  if (size == 0)
    return Status::empty;
  if (!divides(alignment_of(size), va))
    return Status::misaligned;
  if (!is_page_size(*profile_, size))
    return Status::bad_size;
  return is_virtual_range(*profile_, va, size) ? Status::ok : Status::out_of_range;
}

Status HighLevel::check_attributes(const Attributes& attributes, std::uint64_t size) const {
  const bool good = allow_something(rights_of(attributes)) && profile_->expressible(attributes, size);
  return good ? Status::ok : Status::bad_attributes;
}

Attributes HighLevel::placed(Attributes attributes, std::uint64_t va) const {
  attributes.global = is_kernel(va);
  return attributes;
}

Status HighLevel::map(unsigned space, std::uint64_t va, const Frame& frame) {
  const Status page = check_page(va, frame.size);
  if (page == Status::empty || page == Status::misaligned)
    return page;
  if (!divides(alignment_of(frame.size), frame.base))
    return Status::misaligned;
  if (page != Status::ok)
    return page;
  if (frame.base >= memory_bytes_ || frame.size > memory_bytes_ - frame.base)
    return Status::out_of_range;
  const Attributes attributes = placed(frame.attributes, va);
  if (const Status bad = check_attributes(attributes, frame.size); bad != Status::ok)
    return bad;
  Pages& to = pages(space, va);
  const std::size_t at = page_at(to, va);
  if (at < to.size() && to[at].va <= va + (frame.size - 1))
    return Status::overlap;
  to.insert(to.begin() + static_cast<std::ptrdiff_t>(at), {va, {frame.base, frame.size, attributes}});
  return Status::ok;
}

Status HighLevel::find(unsigned space, std::uint64_t va) const {
  const Status page = check_page(va, profile_->sizes.front());
  if (page != Status::ok)
    return page;
  const Pages& in = pages(space, va);
  return begins_at(in, page_at(in, va), va) ? Status::ok : Status::not_mapped;
}

Status HighLevel::unmap(unsigned space, std::uint64_t va) {
  const Status found = find(space, va);
  if (found != Status::ok)
    return found;
  Pages& from = pages(space, va);
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(page_at(from, va)));
  return Status::ok;
}

Status HighLevel::protect(unsigned space, std::uint64_t va, Attributes attributes) {
  const Status found = find(space, va);
  if (found != Status::ok && found != Status::not_mapped)
    return found;
  attributes = placed(attributes, va);
  if (const Status bad = check_attributes(attributes, profile_->sizes.front()); bad != Status::ok)
    return bad;
  if (found != Status::ok)
    return found;
  Pages& in = pages(space, va);
  in[page_at(in, va)].frame.attributes = attributes;
  return Status::ok;
}

std::uint64_t HighLevel::next_smaller(std::uint64_t size) const {
  std::uint64_t smaller = profile_->sizes.front();
  for (const std::uint64_t each : profile_->sizes)
    if (each < size)
      smaller = each;
  return smaller;
}

// One page becomes pages of `size`.
void HighLevel::divide(Pages& pages, std::size_t at, std::uint64_t size) {
  const PageMapping whole = pages[at];
  pages.insert(pages.begin() + static_cast<std::ptrdiff_t>(at), whole.frame.size / size - 1, whole);
  for (std::uint64_t k = 0; k < whole.frame.size / size; ++k)
    pages[at + k] = {whole.va + k * size, {whole.frame.base + k * size, size, whole.frame.attributes}};
}

Status HighLevel::split(unsigned space, std::uint64_t va, std::uint64_t size) {
  if (const Status bad = check_page(va, size); bad != Status::ok)
    return bad;
  Pages& in = pages(space, va);
  std::size_t at = page_at(in, va);
  if (at == in.size() || !in[at].covers(va))
    return Status::not_mapped;
  if (in[at].frame.size < size)
    return Status::not_uniform;
  for (; in[at].frame.size > size; at = page_at(in, va))
    divide(in, at, next_smaller(in[at].frame.size));
  return Status::ok;
}

Status HighLevel::promote(unsigned space, std::uint64_t va, std::uint64_t size) {
  if (const Status bad = check_page(va, size); bad != Status::ok)
    return bad;
  Pages& in = pages(space, va);
  const std::size_t at = page_at(in, va);
  if (at < in.size() && in[at].covers(va) && in[at].frame.size >= size)
    return Status::ok;
  if (!begins_at(in, at, va) || !divides(size, in[at].frame.base))
    return Status::not_uniform;
  const PageMapping first = in[at];
  std::size_t end = at;
  std::uint64_t bytes = 0;
  for (; end < in.size() && bytes < size && in[end].va == va + bytes; ++end) {
    if (in[end].frame.base != first.frame.base + bytes || in[end].frame.attributes != first.frame.attributes)
      return Status::not_uniform;
    bytes += in[end].frame.size;
  }
  if (bytes != size)
    return Status::not_uniform;
  in.erase(in.begin() + static_cast<std::ptrdiff_t>(at) + 1, in.begin() + static_cast<std::ptrdiff_t>(end));
  in[at].frame.size = size;
  return Status::ok;
}

std::optional<PageMapping> HighLevel::query(unsigned space, std::uint64_t va) const {
  if (!is_canonical(*profile_, va))
    return std::nullopt;
  const Pages& in = pages(space, va);
  const std::size_t at = page_at(in, va);
  return at < in.size() && in[at].covers(va) ? std::optional(in[at]) : std::nullopt;
}

std::optional<std::uint64_t> HighLevel::reach(unsigned space, std::uint64_t va, const Access& access) const {
  const auto page = query(space, va);
  if (!page || !profile_->permits(page->frame.attributes, access))
    return std::nullopt;
  return page->pa_of(va);
}

} // namespace reference
