// A Subject that begins every operation before it hands it on, as the table machine does for each of its
// steps: what is counted per operation, accesses above all, does not add up over a test. It refuses to know
// what the other one is.
#pragma once

#include "tests/table/decorated_subject.hpp"

namespace pagetwin::fuzz {

class BegunSubject final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;

  Status create(unsigned s) override { return begun().create(s); }
  void destroy(unsigned s) override { begun().destroy(s); }
  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    return begun().map(s, va, pa, size, a);
  }
  Status map_range(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t length, Attributes a,
                   std::uint64_t max_size) override {
    return begun().map_range(s, va, pa, length, a, max_size);
  }
  Amount unmap(unsigned s, std::uint64_t va, std::uint64_t length) override {
    return begun().unmap(s, va, length);
  }
  Amount unmap_collect(unsigned s, std::uint64_t va, std::uint64_t length,
                       std::vector<LeafReport>& to) override {
    return begun().unmap_collect(s, va, length, to);
  }
  Amount protect(unsigned s, std::uint64_t va, std::uint64_t length, Rights rights) override {
    return begun().protect(s, va, length, rights);
  }
  Status remap(unsigned s, std::uint64_t va, std::uint64_t pa) override { return begun().remap(s, va, pa); }
  Status promote(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return begun().promote(s, va, size);
  }
  Status split(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return begun().split(s, va, size);
  }
  Status set_attributes(unsigned s, std::uint64_t va, Attributes a) override {
    return begun().set_attributes(s, va, a);
  }
  Status add_flags(unsigned s, std::uint64_t va, Flags flags) override {
    return begun().add_flags(s, va, flags);
  }
  Status harvest(unsigned s, std::uint64_t va, std::uint64_t length, Harvest what,
                 std::vector<LeafReport>& to) override {
    return begun().harvest(s, va, length, what, to);
  }
  Status mark(unsigned s, std::uint64_t va, std::uint64_t size, std::uint64_t word) override {
    return begun().mark(s, va, size, word);
  }
  Word marker(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return begun().marker(s, va, size);
  }
  Status for_each(unsigned s, std::uint64_t va, std::uint64_t length, std::vector<Stretch>& to) override {
    return begun().for_each(s, va, length, to);
  }
  Amount clear(unsigned s) override { return begun().clear(s); }
  std::optional<Found> lookup(unsigned s, std::uint64_t va) override { return begun().lookup(s, va); }
  std::optional<Found> cached_lookup(unsigned s, std::uint64_t va) override {
    return begun().cached_lookup(s, va);
  }

 private:
  [[nodiscard]] Subject& begun() {
    inner().begin_operation();
    return inner();
  }
};

} // namespace pagetwin::fuzz
