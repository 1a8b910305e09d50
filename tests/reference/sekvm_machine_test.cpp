// SeKVM: the life of a VM, accesses, and how an operation ends that went wrong.
#include "tests/reference/sekvm_programs.hpp"

namespace reference::sekvm {
namespace {

using SekvmMachine = Sekvm;

TEST_F(SekvmMachine, AVmIsRegisteredBootedVerifiedAndPoweredOffInThatOrder) {
  const std::array steps{&Machine::register_kvm, &Machine::boot_vm, &Machine::verify_vm,
                         &Machine::set_vm_poweroff};
  for (std::size_t done = 0; done <= steps.size(); ++done) {
    EXPECT_EQ(machine.vm_state(4), VmState{static_cast<std::uint8_t>(done)});
    for (std::size_t k = 0; k < 3; ++k)
      if (k != done) {
        EXPECT_EQ(apply(steps[k], 4), Result::panic) << k << " after " << done;
      }
    if (done < steps.size()) {
      ASSERT_EQ(apply(steps[done], 4), Result::ok);
    }
  }
  EXPECT_EQ(apply(&Machine::set_vm_poweroff, 4), Result::panic) << "it is off";
}

TEST_F(SekvmMachine, AVmMayPowerOffBeforeItWasVerifiedButNotBeforeItWasRegistered) {
  EXPECT_EQ(power_off(4), Result::panic);
  ASSERT_EQ(apply(&Machine::register_kvm, 4), Result::ok);
  EXPECT_EQ(power_off(4), Result::ok);
  EXPECT_EQ(power_off(1), Result::ok) << "READY";
  follow({.powers_off_from_anything = true});
  EXPECT_EQ(power_off(4), Result::ok);
  EXPECT_EQ(power_off(4), Result::ok);
}

TEST_F(SekvmMachine, TheHostIsNoVmAndThereAreOnlyAsManyAsTheSettingSays) {
  for (const std::uint32_t nobody : {0U, 16U, 17U})
    EXPECT_EQ(apply(&Machine::register_kvm, nobody), Result::undefined);
  EXPECT_EQ(power_off(0), Result::undefined);
  Config config = small_config();
  config.vms = 3;
  restart(config);
  EXPECT_EQ(apply(&Machine::register_kvm, 4), Result::refused);
}

TEST_F(SekvmMachine, AccessesGoThroughTheTableOfWhoAsks) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(apply(&Machine::write, 1, 7, 42), Result::ok);
  EXPECT_EQ(machine.contents(P), 42U);
  EXPECT_EQ(machine.read(1, 7), 42U);
  EXPECT_EQ(machine.read(2, 7), std::nullopt);
  EXPECT_EQ(machine.read(0, P), std::nullopt) << "the host has not faulted it in, and may not";
  EXPECT_EQ(apply(&Machine::write, 2, 7, 43), Result::fault);
  EXPECT_EQ(apply(&Machine::write, 17, 7, 43), Result::undefined);
  ASSERT_EQ(fault(Q), Result::ok);
  EXPECT_EQ(machine.read(0, Q), ~Q);
}

TEST_F(SekvmMachine, AccessesInsideABlockReachTheirOwnPage) {
  ASSERT_EQ(map(1, 512, 1536, 2), Result::ok);
  ASSERT_EQ(apply(&Machine::write, 1, 512 + 9, 42), Result::ok);
  EXPECT_EQ(machine.contents(1536 + 9), 42U);
  EXPECT_EQ(machine.contents(1536 + 8), 0U);
}

TEST_F(SekvmMachine, WhoSharesAPageSeesWhatTheOtherWrites) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(grant(1, 7), Result::ok);
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(apply(&Machine::write, 0, P, 42), Result::ok);
  EXPECT_EQ(machine.read(1, 7), 42U);
  ASSERT_EQ(revoke(1, 7), Result::ok);
  EXPECT_EQ(machine.read(0, P), std::nullopt);
}

TEST_F(SekvmMachine, AVmThatIsOffAccessesNothingAndTheHostGetsAScrubbedPage) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(apply(&Machine::write, 1, 7, 42), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  EXPECT_EQ(machine.read(1, 7), std::nullopt);
  ASSERT_EQ(clear(1, P), Result::ok);
  ASSERT_EQ(fault(P), Result::ok);
  EXPECT_EQ(machine.read(0, P), 0U);
}

TEST_F(SekvmMachine, APageZeroOfADeviceIsNoPage) {
  ASSERT_EQ(fault(0), Result::ok);
  EXPECT_EQ(machine.read(0, 0), std::nullopt);
  ASSERT_EQ(fault(5), Result::ok);
  EXPECT_EQ(machine.read(0, 5), 0U) << "a device";
  ASSERT_EQ(apply(&Machine::write, 0, 5, 1), Result::ok);
  EXPECT_EQ(machine.read(0, 5), 0U);
}

TEST_F(SekvmMachine, AHaltedMachineIsTheIdentityButReliesStillHold) {
  follow({.sticky_halt = true});
  ASSERT_EQ(map(2, 7, 1600), Result::ok);
  ASSERT_EQ(machine.apply(&Machine::prot_and_map_vm_s2pt, 1, bytes(1024), bytes(1536), 2), Result::panic);
  EXPECT_TRUE(machine.halted());
  EXPECT_EQ(page(1599), (S2Page{1, 0, 1024 + 63})) << "half done";
  const Machine before = machine;
  EXPECT_EQ(machine.apply(&Machine::prot_and_map_vm_s2pt, 1, bytes(7), bytes(P), 3), Result::ok);
  EXPECT_EQ(machine.apply(&Machine::prot_and_map_vm_s2pt, 2, bytes(8), bytes(1599), 3), Result::ok);
  EXPECT_EQ(machine.apply(&Machine::set_vm_poweroff, 1), Result::ok);
  EXPECT_EQ(machine.apply(&Machine::map_page_host, std::uint64_t{1} << 40), Result::undefined);
  EXPECT_TRUE(machine.state().same_as(before.state()));
  EXPECT_TRUE(machine.halted());
}

TEST_F(SekvmMachine, WithoutTheSwitchNothingHalts) {
  ASSERT_EQ(map(2, 7, P), Result::ok);
  ASSERT_EQ(map(1, 7, P), Result::panic);
  EXPECT_FALSE(machine.halted());
  EXPECT_EQ(map(1, 7, Q), Result::ok);
}

TEST_F(SekvmMachine, AResetMachineIsANewOneWhateverTheOldRegionsWere) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(fault(Q), Result::ok);
  Config config = small_config();
  config.regions = {Region{first_frame - 8, 16}, Region{first_frame + 100, 8}};
  machine.reset(config);
  EXPECT_TRUE(machine.state().same_as(Machine(config).state()));
  EXPECT_EQ(page(P), hosts(P));
  EXPECT_EQ(machine.contents(P), ~P);
  EXPECT_EQ(page(P + 50), S2Page{});
}

TEST_F(SekvmMachine, WhateverIsNotOkChangesNothingAndUndoLeavesTheStateAsItWas) {
  Steps steps({}, 7);
  const auto run = [&](auto operation, auto... args) { return machine.apply(operation, args...); };
  std::array<unsigned, 5> results{};
  for (unsigned program = 0; program < 60; ++program) {
    Config config = small_config({.block_replaces_table = program % 2 == 1});
    config.vm = Pools::shared(4);
    config.secrets.fill(program % 3);
    start(machine, config);
    for (unsigned k = 0; k < 40; ++k) {
      const Machine before = machine;
      const Result result = steps.step(run);
      ++results[static_cast<std::size_t>(result)];
      if (result == Result::ok) {
        Machine undone = machine;
        undone.state().undo();
        ASSERT_TRUE(undone.state().same_as(before.state()));
      } else {
        ASSERT_TRUE(machine.state().same_as(before.state())) << to_text(result);
      }
    }
  }
  for (const Result result : {Result::ok, Result::undefined, Result::panic, Result::refused, Result::fault})
    EXPECT_GT(results[static_cast<std::size_t>(result)], 20U) << to_text(result);
}

} // namespace
} // namespace reference::sekvm
