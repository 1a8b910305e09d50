// Machine: how an operation ends, the life of a VM, and accesses (VMPower, BootOps, and our reads and
// writes).
#include "reference/sekvm/machine.hpp"

namespace reference::sekvm {

// A helper by itself runs on everybody's behalf.
Result Machine::settle(Result result) {
  if (actors_ == 0)
    actors_ = (1U << principals) - 1;
  if (halted()) {
    state_.undo();
    return result == Result::undefined ? result : Result::ok;
  }
  if (result == Result::panic && rules().sticky_halt)
    state_.change().halted = true;
  else if (result != Result::ok)
    state_.undo();
  return result;
}

Result Machine::move_vm(std::uint32_t vm, VmState from, VmState to) {
  if (!is_vm(vm))
    return Result::undefined;
  acts(vm);
  if (vm > state_.config().vms)
    return Result::refused;
  if (vm_state(vm) != from)
    return Result::panic;
  state_.change().vm_states[vm] = to;
  return Result::ok;
}

Result Machine::register_kvm(std::uint32_t vm) { return move_vm(vm, VmState::UNUSED, VmState::MAPPED); }
Result Machine::boot_vm(std::uint32_t vm) { return move_vm(vm, VmState::MAPPED, VmState::READY); }
Result Machine::verify_vm(std::uint32_t vm) { return move_vm(vm, VmState::READY, VmState::VERIFIED); }

// A VM that was never registered has nothing to power off, and one that is off stays so.
Result Machine::set_vm_poweroff(std::uint32_t vm) {
  if (!is_vm(vm))
    return Result::undefined;
  const VmState state = vm_state(vm);
  const bool lives = state != VmState::UNUSED && state != VmState::POWEROFF;
  return lives || rules().powers_off_from_anything ? move_vm(vm, state, VmState::POWEROFF) : Result::panic;
}

std::optional<std::uint64_t> Machine::read(std::uint32_t principal, std::uint64_t gfn) const {
  const bool runs = is_vmid(principal) && (principal == HOSTVISOR || may_act(principal) == Result::ok);
  const std::uint64_t pfn = runs ? state_.table(principal).pfn_at(gfn) : 0;
  return pfn == 0 ? std::nullopt : std::optional(contents(pfn));
}

Result Machine::write(std::uint32_t principal, std::uint64_t gfn, std::uint64_t token) {
  if (!is_vmid(principal) || !is_gfn(gfn))
    return Result::undefined;
  actors_ |= bit_of(principal);
  if (!read(principal, gfn))
    return Result::fault;
  state_.set_contents(state_.table(principal).pfn_at(gfn), token);
  return Result::ok;
}

} // namespace reference::sekvm
