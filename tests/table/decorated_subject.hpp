// A Subject that hands everything to another one: what a test derives from to break exactly one thing.
// It refuses to know what the other one is.
#pragma once

#include "fuzz/machines/subject.hpp"

#include <memory>

namespace pagetwin::fuzz {

class DecoratedSubject : public Subject {
 public:
  explicit DecoratedSubject(std::unique_ptr<Subject> inner) : inner_(std::move(inner)) {}

  void restart(const SubjectOptions& o) override { inner_->restart(o); }
  Status create(unsigned s) override { return inner_->create(s); }
  void destroy(unsigned s) override { inner_->destroy(s); }
  [[nodiscard]] bool alive(unsigned s) const override { return inner_->alive(s); }

  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    return inner_->map(s, va, pa, size, a);
  }
  Status map_range(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t length, Attributes a,
                   std::uint64_t max_size) override {
    return inner_->map_range(s, va, pa, length, a, max_size);
  }
  Amount unmap(unsigned s, std::uint64_t va, std::uint64_t length) override {
    return inner_->unmap(s, va, length);
  }
  Amount unmap_collect(unsigned s, std::uint64_t va, std::uint64_t length,
                       std::vector<LeafReport>& to) override {
    return inner_->unmap_collect(s, va, length, to);
  }
  Amount protect(unsigned s, std::uint64_t va, std::uint64_t length, Rights rights) override {
    return inner_->protect(s, va, length, rights);
  }
  Status remap(unsigned s, std::uint64_t va, std::uint64_t pa) override { return inner_->remap(s, va, pa); }
  Status promote(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return inner_->promote(s, va, size);
  }
  Status split(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return inner_->split(s, va, size);
  }
  Status set_attributes(unsigned s, std::uint64_t va, Attributes a) override {
    return inner_->set_attributes(s, va, a);
  }
  Status add_flags(unsigned s, std::uint64_t va, Flags flags) override {
    return inner_->add_flags(s, va, flags);
  }
  Status harvest(unsigned s, std::uint64_t va, std::uint64_t length, Harvest what,
                 std::vector<LeafReport>& to) override {
    return inner_->harvest(s, va, length, what, to);
  }
  Status mark(unsigned s, std::uint64_t va, std::uint64_t size, std::uint64_t word) override {
    return inner_->mark(s, va, size, word);
  }
  Word marker(unsigned s, std::uint64_t va, std::uint64_t size) override {
    return inner_->marker(s, va, size);
  }
  Status for_each(unsigned s, std::uint64_t va, std::uint64_t length, std::vector<Stretch>& to) override {
    return inner_->for_each(s, va, length, to);
  }
  Amount clear(unsigned s) override { return inner_->clear(s); }

  std::optional<Found> lookup(unsigned s, std::uint64_t va) override { return inner_->lookup(s, va); }
  std::optional<Found> cached_lookup(unsigned s, std::uint64_t va) override {
    return inner_->cached_lookup(s, va);
  }

  void fail_allocation(std::uint64_t k) override { inner_->fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return inner_->refused(); }
  [[nodiscard]] std::uint64_t spare() const override { return inner_->spare(); }
  [[nodiscard]] std::uint64_t root(unsigned s) const override { return inner_->root(s); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return inner_->nodes_used(); }
  [[nodiscard]] NodeRecord record(std::uint64_t node) const override { return inner_->record(node); }
  [[nodiscard]] std::string audit(unsigned s) const override { return inner_->audit(s); }
  [[nodiscard]] std::string dump(unsigned s) const override { return inner_->dump(s); }
  [[nodiscard]] std::string cache_lines(std::uint64_t va) const override { return inner_->cache_lines(va); }
  [[nodiscard]] Arena& arena() override { return inner_->arena(); }
  [[nodiscard]] Observation* observation() override { return inner_->observation(); }
  void tell(EventSink* sink) override { inner_->tell(sink); }
  void begin_operation() override { inner_->begin_operation(); }
  void close() override { inner_->close(); }

 protected:
  [[nodiscard]] Subject& inner() { return *inner_; }

 private:
  std::unique_ptr<Subject> inner_;
};

} // namespace pagetwin::fuzz
