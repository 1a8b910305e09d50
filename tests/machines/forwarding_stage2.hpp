// A Stage2Subject that hands everything to another one: what a test derives from to lie about exactly one
// thing. It refuses to know what the other one is.
#pragma once

#include "fuzz/machines/stage2/stage2_subject.hpp"

namespace pagetwin::fuzz {

class ForwardingStage2 : public Stage2Subject {
 public:
  explicit ForwardingStage2(std::unique_ptr<Stage2Subject> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] S2Status start(const Stage2Options& options) override { return inner_->start(options); }
  void stop() override { inner_->stop(); }
  [[nodiscard]] S2Status register_vm(unsigned vm) override { return inner_->register_vm(vm); }
  [[nodiscard]] S2Status boot_vm(unsigned vm) override { return inner_->boot_vm(vm); }
  [[nodiscard]] S2Status verify_vm(unsigned vm) override { return inner_->verify_vm(vm); }
  [[nodiscard]] S2Status power_off(unsigned vm) override { return inner_->power_off(vm); }
  [[nodiscard]] S2Status map_page_host(std::uint64_t addr) override { return inner_->map_page_host(addr); }
  [[nodiscard]] S2Status prot_and_map_vm_s2pt(unsigned vm, std::uint64_t addr, std::uint64_t pte,
                                              unsigned level) override {
    return inner_->prot_and_map_vm_s2pt(vm, addr, pte, level);
  }
  [[nodiscard]] S2Status map_io(unsigned vm, std::uint64_t gpa, std::uint64_t pa) override {
    return inner_->map_io(vm, gpa, pa);
  }
  [[nodiscard]] S2Status grant_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) override {
    return inner_->grant_stage2_sg_gpa(vm, addr, size);
  }
  [[nodiscard]] S2Status revoke_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) override {
    return inner_->revoke_stage2_sg_gpa(vm, addr, size);
  }
  [[nodiscard]] S2Status clear_vm_range(unsigned vm, std::uint64_t pfn, std::uint64_t num) override {
    return inner_->clear_vm_range(vm, pfn, num);
  }
  [[nodiscard]] S2Status alloc_smmu(unsigned principal, unsigned device) override {
    return inner_->alloc_smmu(principal, device);
  }
  [[nodiscard]] S2Status free_smmu(unsigned device) override { return inner_->free_smmu(device); }
  [[nodiscard]] S2Status assign_pfn_to_smmu(unsigned vm, std::uint64_t gfn, std::uint64_t pfn) override {
    return inner_->assign_pfn_to_smmu(vm, gfn, pfn);
  }
  [[nodiscard]] S2Status update_smmu_page(unsigned principal, unsigned device, std::uint64_t iova,
                                          std::uint64_t pte) override {
    return inner_->update_smmu_page(principal, device, iova, pte);
  }
  [[nodiscard]] S2Status unmap_smmu_page(unsigned device, std::uint64_t iova) override {
    return inner_->unmap_smmu_page(device, iova);
  }
  [[nodiscard]] VmState state(unsigned vm) const override { return inner_->state(vm); }
  [[nodiscard]] Stage2Record record(std::uint64_t pfn) const override { return inner_->record(pfn); }
  [[nodiscard]] std::optional<S2Entry> lookup(unsigned principal, std::uint64_t gfn) const override {
    return inner_->lookup(principal, gfn);
  }
  [[nodiscard]] std::optional<S2Entry> device_lookup(unsigned device, std::uint64_t iova) const override {
    return inner_->device_lookup(device, iova);
  }
  [[nodiscard]] bool is_taken(std::uint64_t pfn) const override { return inner_->is_taken(pfn); }
  [[nodiscard]] std::uint64_t root(unsigned principal) const override { return inner_->root(principal); }
  [[nodiscard]] std::uint64_t device_root(unsigned device) const override {
    return inner_->device_root(device);
  }
  [[nodiscard]] std::uint64_t used(unsigned principal) const override { return inner_->used(principal); }
  [[nodiscard]] std::uint64_t device_used(unsigned device) const override {
    return inner_->device_used(device);
  }
  [[nodiscard]] std::uint64_t gfn_limit() const override { return inner_->gfn_limit(); }
  [[nodiscard]] std::string_view problem() const override { return inner_->problem(); }
  [[nodiscard]] std::optional<std::uint64_t> read(unsigned principal, std::uint64_t gfn) override {
    return inner_->read(principal, gfn);
  }
  [[nodiscard]] bool write(unsigned principal, std::uint64_t gfn, std::uint64_t token) override {
    return inner_->write(principal, gfn, token);
  }
  [[nodiscard]] std::uint64_t contents(std::uint64_t pfn) const override { return inner_->contents(pfn); }
  [[nodiscard]] std::vector<Stage2Line>& lines() override { return inner_->lines(); }
  void fail_allocation(std::uint64_t k) override { inner_->fail_allocation(k); }
  [[nodiscard]] bool refused() const override { return inner_->refused(); }
  [[nodiscard]] std::uint64_t nodes_used() const override { return inner_->nodes_used(); }
  [[nodiscard]] NodeRecord node_record(std::uint64_t node) const override {
    return inner_->node_record(node);
  }
  [[nodiscard]] Arena& arena() override { return inner_->arena(); }
  [[nodiscard]] Observation& observation() override { return inner_->observation(); }
  void tell(EventSink* sink) override { inner_->tell(sink); }
  void begin_operation() override { inner_->begin_operation(); }
  void close() override { inner_->close(); }

 protected:
  [[nodiscard]] Stage2Subject& inner() { return *inner_; }
  [[nodiscard]] const Stage2Subject& inner() const { return *inner_; }

 private:
  std::unique_ptr<Stage2Subject> inner_;
};

} // namespace pagetwin::fuzz
