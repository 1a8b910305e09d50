// A model of the table that is dumber than FlatMap: every 4 KiB page on its own in a std::map, every
// operation a loop over pages, for the tiny profile alone. It shares only value types, and `append`, with
// what it checks.
#pragma once

#include "reference/leaf_run.hpp"
#include "reference/status.hpp"
#include "tests/reference/page_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace reference {

// What the counting operations answer.
struct PageCount {
  Status status;
  std::uint64_t bytes;
};

struct PageWord {
  Status status;
  std::uint64_t word;
};

using page_rules::page;

struct Page {
  std::uint64_t leaf_va;
  std::uint64_t leaf_size;
  std::uint64_t pa;
  Attributes attributes;
  Flags flags;
};

class PageMap {
 public:
  Status map(std::uint64_t va, std::uint64_t pa, std::uint64_t size, const Attributes& attributes) {
    if (const Status status = page_rules::sized(va, pa, size); status != Status::ok)
      return status;
    if (!page_rules::good(attributes))
      return Status::bad_attributes;
    if (any_page(va, size))
      return Status::overlap;
    put(va, pa, size, attributes, {});
    return Status::ok;
  }

  Status map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length, const Attributes& attributes,
                   std::uint64_t max_size) {
    if (length == 0)
      return Status::empty;
    if ((va | pa | length) % page != 0)
      return Status::misaligned;
    if (!page_rules::is_size(max_size))
      return Status::bad_size;
    if (!page_rules::in_space(va, length) || !page_rules::in_frames(pa, length))
      return Status::out_of_range;
    if (!page_rules::good(attributes))
      return Status::bad_attributes;
    if (any_page(va, length))
      return Status::overlap;
    while (length != 0) {
      const std::uint64_t size = page_rules::largest(va, pa, std::min(length, max_size));
      put(va, pa, size, attributes, {});
      va += size;
      pa += size;
      length -= size;
    }
    return Status::ok;
  }

  PageCount unmap(std::uint64_t va, std::uint64_t length, std::vector<LeafRun>& removed) {
    if (const Status status = page_rules::ranged(va, length); status != Status::ok)
      return {status, 0};
    isolate(va, length);
    removed = leaves(va, length);
    std::uint64_t bytes = 0;
    for (std::uint64_t at = 0; at < length; at += page) {
      bytes += pages_.erase(va + at) * page;
      words_.erase(va + at);
    }
    return {Status::ok, bytes};
  }

  PageCount protect(std::uint64_t va, std::uint64_t length, const Rights& rights) {
    if (const Status status = page_rules::ranged(va, length); status != Status::ok)
      return {status, 0};
    if (!rights.read && !rights.write && !rights.execute)
      return {Status::bad_attributes, 0};
    std::uint64_t changed = 0;
    for (std::uint64_t at = 0; at < length; at += page) {
      const auto found = pages_.find(va + at);
      if (found == pages_.end() || rights_of(found->second.attributes) == rights)
        continue;
      while (reaches_outside(found->second, va, length))
        split(found->second.leaf_va, found->second.leaf_size);
      found->second.attributes = with_rights(found->second.attributes, rights);
      changed += page;
    }
    return {Status::ok, changed};
  }

  Status remap(std::uint64_t va, std::uint64_t pa) {
    const auto found = pages_.find(va);
    const bool base = found != pages_.end() && found->second.leaf_va == va;
    const std::uint64_t size = base ? found->second.leaf_size : page;
    if (va % page != 0 || pa % size != 0)
      return Status::misaligned;
    if (!page_rules::in_space(va, size) || !page_rules::in_frames(pa, size))
      return Status::out_of_range;
    if (!base)
      return Status::not_mapped;
    put(va, pa, size, Attributes(found->second.attributes), {});
    return Status::ok;
  }

  Status promote(std::uint64_t va, std::uint64_t size) {
    if (const Status status = page_rules::sized(va, 0, size); status != Status::ok)
      return status;
    const auto first = pages_.find(va);
    if (first == pages_.end())
      return Status::not_uniform;
    if (first->second.leaf_size >= size)
      return Status::ok;
    const Page like = first->second;
    Flags flags;
    for (std::uint64_t at = 0; at < size; at += page) {
      const auto found = pages_.find(va + at);
      if (found == pages_.end() || found->second.pa != like.pa + at
          || found->second.attributes != like.attributes)
        return Status::not_uniform;
      flags = either(flags, found->second.flags);
    }
    if (like.pa % size != 0)
      return Status::not_uniform;
    put(va, like.pa, size, like.attributes, flags);
    return Status::ok;
  }

  std::optional<Translation> lookup(std::uint64_t va) const {
    const auto found = pages_.find(va / page * page);
    if (found == pages_.end())
      return std::nullopt;
    const Page& at = found->second;
    return Translation{at.pa + va % page, at.leaf_size, at.attributes, at.flags};
  }

  Status harvest(std::uint64_t va, std::uint64_t length, bool clear, std::vector<LeafRun>& seen) {
    if (const Status status = page_rules::ranged(va, length); status != Status::ok)
      return status;
    seen = leaves(va, length);
    for (std::uint64_t at = 0; clear && at < length; at += page)
      if (const auto found = pages_.find(va + at); found != pages_.end())
        if (!reaches_outside(found->second, va, length))
          found->second.flags = {};
    return Status::ok;
  }

  Status mark(std::uint64_t va, std::uint64_t size, std::uint64_t word) {
    if (const Status status = page_rules::sized(va, 0, size); status != Status::ok)
      return status;
    if (word > 0xFFFFFFFF)
      return Status::bad_attributes;
    if (any_page(va, size))
      return Status::overlap;
    for (std::uint64_t at = 0; at < size; at += page) {
      words_.erase(va + at);
      if (word != 0)
        words_[va + at] = word;
    }
    return Status::ok;
  }

  PageWord marker(std::uint64_t va, std::uint64_t size) const {
    if (const Status status = page_rules::sized(va, 0, size); status != Status::ok)
      return {status, 0};
    if (any_page(va, size))
      return {Status::overlap, 0};
    for (std::uint64_t at = 0; at < size; at += page)
      if (word_at(va + at) != word_at(va))
        return {Status::not_uniform, 0};
    return {Status::ok, word_at(va)};
  }

  Status for_each(std::uint64_t va, std::uint64_t length, std::vector<Extent>& seen) const {
    if (const Status status = page_rules::ranged(va, length); status != Status::ok)
      return status;
    seen.clear();
    for (std::uint64_t at = 0; at < length; at += page)
      if (const auto found = pages_.find(va + at); found != pages_.end())
        append(seen, {va + at, page, found->second.pa, found->second.attributes});
    return Status::ok;
  }

  Status set_flags(std::uint64_t va, bool accessed, bool dirty) {
    const auto found = pages_.find(va / page * page);
    if (found == pages_.end())
      return Status::not_mapped;
    const Page leaf = found->second;
    for (std::uint64_t at = 0; at < leaf.leaf_size; at += page)
      pages_.at(leaf.leaf_va + at).flags = either(leaf.flags, {accessed, dirty});
    return Status::ok;
  }

  PageCount clear() {
    const std::uint64_t bytes = pages_.size() * page;
    pages_.clear();
    words_.clear();
    return {Status::ok, bytes};
  }

  std::vector<LeafRun> regions() const {
    std::vector<LeafRun> all;
    for (const auto& [va, at] : pages_)
      if (va == at.leaf_va)
        append(all, {va, at.leaf_size, at.pa, at.leaf_size, at.attributes, at.flags});
    return all;
  }

  std::vector<Marker> markers() const {
    std::vector<Marker> all;
    for (const auto& [va, word] : words_)
      append(all, {va, page, word});
    return all;
  }

 private:
  bool any_page(std::uint64_t va, std::uint64_t length) const {
    for (std::uint64_t at = 0; at < length; at += page)
      if (pages_.count(va + at) != 0)
        return true;
    return false;
  }

  std::uint64_t word_at(std::uint64_t va) const {
    const auto found = words_.find(va);
    return found == words_.end() ? 0 : found->second;
  }

  void put(std::uint64_t va, std::uint64_t pa, std::uint64_t size, const Attributes& attributes,
           const Flags& flags) {
    for (std::uint64_t at = 0; at < size; at += page) {
      pages_[va + at] = {va, size, pa + at, attributes, flags};
      words_.erase(va + at);
    }
  }

  static bool reaches_outside(const Page& at, std::uint64_t va, std::uint64_t length) {
    return at.leaf_va < va || at.leaf_va + (at.leaf_size - 1) > va + (length - 1);
  }

  void split(std::uint64_t leaf_va, std::uint64_t leaf_size) {
    const std::uint64_t smaller = leaf_size / 2; // every size of tiny is half of the next
    for (std::uint64_t at = 0; at < leaf_size; at += page) {
      Page& child = pages_.at(leaf_va + at);
      child.leaf_size = smaller;
      child.leaf_va = leaf_va + at / smaller * smaller;
    }
  }

  void isolate(std::uint64_t va, std::uint64_t length) {
    for (std::uint64_t at = 0; at < length; at += page)
      if (const auto found = pages_.find(va + at); found != pages_.end())
        while (reaches_outside(found->second, va, length))
          split(found->second.leaf_va, found->second.leaf_size);
  }

  // Each leaf that has a page in the range, whole.
  std::vector<LeafRun> leaves(std::uint64_t va, std::uint64_t length) const {
    std::map<std::uint64_t, LeafRun> found;
    for (std::uint64_t at = 0; at < length; at += page)
      if (const auto hit = pages_.find(va + at); hit != pages_.end()) {
        const Page& leaf = hit->second;
        const std::uint64_t pa = leaf.pa - (va + at - leaf.leaf_va);
        found[leaf.leaf_va] = {leaf.leaf_va, leaf.leaf_size, pa, leaf.leaf_size, leaf.attributes, leaf.flags};
      }
    std::vector<LeafRun> runs;
    for (const auto& [base, leaf] : found)
      append(runs, leaf);
    return runs;
  }

  std::map<std::uint64_t, Page> pages_;
  std::map<std::uint64_t, std::uint64_t> words_;
};

} // namespace reference
