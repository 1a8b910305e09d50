// One operation to both sides.
#include "fuzz/machines/stage2/machine.hpp"

namespace pagetwin::fuzz {

namespace {

using sekvm_machine = reference::sekvm::Machine;
using reference::sekvm::Result;

// What a VM writes besides its secrets: every token another, and never 0.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t x = (a * 0x9e3779b97f4a7c15U) ^ (b + 1) * 0xbf58476d1ce4e5b9U;
  return (x ^ x >> 31U) | 1U;
}

// Does an operation make or end a table?
bool moves_roots(Stage2Verb verb) {
  return verb == Stage2Verb::boot || verb == Stage2Verb::bind || verb == Stage2Verb::release;
}

unsigned number(const twin::Op& op, Stage2Field field) { return static_cast<unsigned>(op.value[field]); }

} // namespace

Verdict Stage2Machine::apply(const twin::Op& op) {
  switch (verb()) {
  case Stage2Verb::read:
  case Stage2Verb::write:
    return apply_access(op);
  case Stage2Verb::fail:
    subject_->fail_allocation(op.value[s2_count]);
    return std::nullopt;
  case Stage2Verb::grant:
  case Stage2Verb::revoke:
    return apply_repeatedly(op);
  default:
    return apply_operation(op);
  }
}

// What changes nothing once changes nothing the next time.
Verdict Stage2Machine::apply_repeatedly(const twin::Op& op) {
  for (std::uint64_t i = s2_repeat_limits.nearest(op.value[s2_count]); i-- > 0;) {
    Verdict v = apply_operation(op);
    if (v || status_ != S2Status::ok || model().frame_changes().empty())
      return v;
  }
  return std::nullopt;
}

S2Status Stage2Machine::run_ours(Stage2Subject& subject, const twin::Op& op) {
  const unsigned vm = number(op, s2_vm), device = number(op, s2_device);
  const std::uint64_t addr = op.value[s2_addr], pa = op.value[s2_pa];
  switch (static_cast<Stage2Verb>(op.verb)) {
  case Stage2Verb::registers:
    return subject.register_vm(vm);
  case Stage2Verb::boot:
    return subject.boot_vm(vm);
  case Stage2Verb::verify:
    return subject.verify_vm(vm);
  case Stage2Verb::power_off:
    return subject.power_off(vm);
  case Stage2Verb::host:
    return subject.map_page_host(addr);
  case Stage2Verb::map:
    return subject.prot_and_map_vm_s2pt(vm, addr, pa, number(op, s2_level));
  case Stage2Verb::io:
    return subject.map_io(vm, addr, pa);
  case Stage2Verb::grant:
    return subject.grant_stage2_sg_gpa(vm, addr, op.value[s2_size]);
  case Stage2Verb::revoke:
    return subject.revoke_stage2_sg_gpa(vm, addr, op.value[s2_size]);
  case Stage2Verb::clear:
    return subject.clear_vm_range(vm, pa >> s2_page_shift, op.value[s2_count]);
  case Stage2Verb::bind:
    return subject.alloc_smmu(vm, device);
  case Stage2Verb::release:
    return subject.free_smmu(device);
  case Stage2Verb::assign:
    return subject.assign_pfn_to_smmu(vm, addr >> s2_page_shift, pa >> s2_page_shift);
  case Stage2Verb::smmu_map:
    return subject.update_smmu_page(vm, device, addr, pa);
  case Stage2Verb::smmu_unmap:
    return subject.unmap_smmu_page(device, addr);
  default:
    return S2Status::ok;
  }
}

Result Stage2Machine::run_model(const twin::Op& op) {
  const unsigned vm = number(op, s2_vm), device = number(op, s2_device);
  const std::uint64_t addr = op.value[s2_addr], pa = op.value[s2_pa];
  switch (static_cast<Stage2Verb>(op.verb)) {
  case Stage2Verb::registers:
    return model_.apply(&sekvm_machine::register_kvm, vm);
  case Stage2Verb::boot:
    return model_.apply(&sekvm_machine::boot_vm, vm);
  case Stage2Verb::verify:
    return model_.apply(&sekvm_machine::verify_vm, vm);
  case Stage2Verb::power_off:
    return model_.apply(&sekvm_machine::set_vm_poweroff, vm);
  case Stage2Verb::host:
    return model_.apply(&sekvm_machine::map_page_host, addr);
  case Stage2Verb::map:
    return model_.apply(&sekvm_machine::prot_and_map_vm_s2pt, vm, addr, pa, number(op, s2_level));
  case Stage2Verb::io:
    return model_.apply(&sekvm_machine::map_io, vm, addr, pa);
  case Stage2Verb::grant:
    return model_.apply(&sekvm_machine::grant_stage2_sg_gpa, vm, addr, op.value[s2_size]);
  case Stage2Verb::revoke:
    return model_.apply(&sekvm_machine::revoke_stage2_sg_gpa, vm, addr, op.value[s2_size]);
  case Stage2Verb::clear:
    return model_.apply(&sekvm_machine::clear_vm_range, vm, pa >> s2_page_shift, op.value[s2_count]);
  case Stage2Verb::bind:
    return model_.apply(&sekvm_machine::alloc_smmu_pgd, vm, device);
  case Stage2Verb::release:
    return model_.apply(&sekvm_machine::free_smmu_pgd, device);
  case Stage2Verb::assign:
    return model_.apply(&sekvm_machine::assign_pfn_to_smmu, vm, addr >> s2_page_shift, pa >> s2_page_shift);
  case Stage2Verb::smmu_map:
    return model_.apply(&sekvm_machine::update_smmu_page, vm, device, addr,
                        pa | reference::sekvm::PAGE_S2_KERNEL);
  case Stage2Verb::smmu_unmap:
    return model_.apply(&sekvm_machine::unmap_smmu_page, device, addr);
  default:
    return Result::ok;
  }
}

// The root of a device's table may be retired now, if its machine is off.
void Stage2Machine::let_go(const twin::Op& op) {
  const std::uint64_t table = reference::sekvm::principals + op.value[s2_device];
  const std::uint32_t whose = table < most_tables ? model().principal_of(static_cast<unsigned>(table)) : 0;
  if (whose < reference::sekvm::principals && subject_->state(whose) == VmState::power_off
      && roots_[table] != 0)
    Structure::drop_root(subject_->observation(), roots_[table]);
}

// Which of several reasons an operation fails for is not compared.
Verdict Stage2Machine::apply_operation(const twin::Op& op) {
  if (verb() == Stage2Verb::release)
    let_go(op);
  status_ = run_ours(*subject_, op);
  if (moves_roots(verb()))
    follow_roots();
  if (Verdict v = compare_second_run(op))
    return v;
  if (status_ == S2Status::out_of_memory && subject_->refused())
    return std::nullopt;
  const Result expected = run_model(op);
  applied_ = true;
  if ((status_ == S2Status::ok) == (expected == Result::ok))
    return std::nullopt;
  return finding("O2 ret", op.value[s2_addr], format("%s status", verb_name()),
                 format("%s answers %s, the reference %s", verb_name(), to_text(status_).data(),
                        reference::sekvm::to_text(expected)));
}

std::uint64_t Stage2Machine::token_of(std::uint64_t step, std::uint64_t principal) {
  return mix(step, principal);
}
std::uint64_t Stage2Machine::token(const twin::Op& op) const { return token_of(steps_, op.value[s2_vm]); }

Verdict Stage2Machine::apply_access(const twin::Op& op) {
  const unsigned who = number(op, s2_vm);
  const std::uint64_t gfn = op.value[s2_addr] >> s2_page_shift;
  std::optional<std::uint64_t> ours, theirs;
  if (verb() == Stage2Verb::read) {
    ours = subject_->read(who, gfn);
    theirs = model_.read(who, gfn);
  } else {
    if (subject_->write(who, gfn, token(op)))
      ours = 0;
    if (model_.apply(&sekvm_machine::write, who, gfn, token(op)) == Result::ok)
      theirs = 0;
    applied_ = true;
  }
  word_ = ours ? "ok" : "fault";
  const auto entry = subject_->lookup(who, gfn);
  if (entry && entry->pfn == 0) // an entry of page 0 is none in the specification, and hardware follows it
    return std::nullopt;
  if (ours != theirs)
    return finding("O1 lookup", op.value[s2_addr], format("%s", verb_name()),
                   format("%s by principal %u %s, in the reference it %s", verb_name(), who,
                          ours ? "succeeds" : "faults",
                          theirs ? ours ? "finds another token" : "succeeds" : "faults"));
  return compare_second_access(op, ours);
}

// Noninterference: with other secrets in one machine's pages everybody is answered the same.
Verdict Stage2Machine::compare_second_run(const twin::Op& op) {
  if (secret_of_ == 0 || subject_->refused())
    return std::nullopt;
  const S2Status second = run_ours(*second_, op);
  if (second == status_)
    return std::nullopt;
  return finding("O12 noninterference", op.value[s2_addr], format("%s depends on a secret", verb_name()),
                 format("%s answers %s, and %s when machine %u has other secrets", verb_name(),
                        to_text(status_).data(), to_text(second).data(), secret_of_));
}

// What is read may differ for the machine itself, and where it shares the page.
Verdict Stage2Machine::compare_second_access(const twin::Op& op, std::optional<std::uint64_t> first) {
  if (secret_of_ == 0)
    return std::nullopt;
  const unsigned who = number(op, s2_vm);
  const std::uint64_t gfn = op.value[s2_addr] >> s2_page_shift;
  if (verb() == Stage2Verb::write) {
    (void)second_->write(who, gfn, who == secret_of_ ? ~token(op) : token(op));
    return std::nullopt;
  }
  const std::optional<std::uint64_t> second = second_->read(who, gfn);
  if (second == first || who == secret_of_)
    return std::nullopt;
  const auto entry = subject_->lookup(who, gfn);
  const Stage2Record page = subject_->record(entry ? entry->pfn : 0);
  if (page.owner == secret_of_ && page.count != reference::sekvm::INVALID && page.count > 0)
    return std::nullopt;
  return finding("O12 noninterference", op.value[s2_addr], "a secret is read",
                 format("principal %u reads what machine %u wrote and did not share", who, secret_of_));
}

} // namespace pagetwin::fuzz
