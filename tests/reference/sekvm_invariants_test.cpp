// SeKVM's invariants: each fires on a state made by hand, in the whole check and in the one that asks only
// what changed; and noninterference, as one step and as two runs.
#include "reference/sekvm/view.hpp"
#include "tests/reference/sekvm_programs.hpp"

#include <functional>

namespace reference::sekvm {
namespace {

using SekvmInvariants = Sekvm;

struct BadState {
  unsigned number;
  const char* why;
  std::function<void(State&)> make;
};

constexpr unsigned device_of_host = table_of_device(0), device_of_1 = table_of_device(1);

// VM 1 owns Q at gfn 7; all else is the host's.
const std::array bad_states{
    BadState{1, "the host's pfn is not that of its pte", [](State& s) { s.put(0, {P, bytes(Q), P, 3}); }},
    BadState{1, "the host's table is no identity", [](State& s) { s.put(0, kernel_page(P + 9, P)); }},
    BadState{1, "a device's pfn is not that of its pte",
             [](State& s) { s.put(device_of_1, {7, bytes(P), Q, 3}); }},
    BadState{2, "the host's page elsewhere", [](State& s) { s.set_page(P, {HOSTVISOR, 0, 7}); }},
    BadState{3, "the host maps a VM's page", [](State& s) { s.put(0, kernel_page(Q, Q)); }},
    BadState{3, "the host keeps a page that becomes a VM's",
             [](State& s) {
               s.put(0, kernel_page(P, P));
               s.begin();
               s.set_page(P, {1, 0, 8});
             }},
    BadState{3, "the host has a page of more than 100 shares",
             [](State& s) {
               s.set_page(Q, {1, 101, 7});
               s.put(0, kernel_page(Q, Q));
             }},
    BadState{3, "a page of the SMMU alone is not shared",
             [](State& s) {
               s.set_page(Q, {1, INVALID, 7});
               s.put(0, kernel_page(Q, Q));
             }},
    BadState{4, "a VM maps a page of the host", [](State& s) { s.put(1, kernel_page(8, P)); }},
    BadState{4, "a VM maps another one's page, shared or not",
             [](State& s) {
               s.set_page(Q, {1, 1, 7});
               s.put(2, kernel_page(7, Q));
             }},
    BadState{4, "one page of a block is the host's",
             [](State& s) {
               for (std::uint64_t k = 0; k < 511; ++k)
                 s.set_page(1536 + k, {1, 0, 512 + k});
               s.put(1, {512, bytes(1536), 1536, 2});
             }},
    BadState{4, "a VM that runs loses a page that a block maps",
             [](State& s) {
               for (std::uint64_t k = 0; k < 512; ++k)
                 s.set_page(1536 + k, {1, 0, 512 + k});
               s.put(1, {512, bytes(1536), 1536, 2});
               s.begin();
               s.set_page(1600, hosts(1600));
             }},
    BadState{5, "101 shares", [](State& s) { s.set_page(Q, {1, 101, 7}); }},
    BadState{5, "INVALID less one", [](State& s) { s.set_page(Q, {1, 0xFFFF'FFFE, 7}); }},
    BadState{5, "a device of the host has a page that nobody counts",
             [](State& s) { s.put(device_of_host, kernel_page(P + host_gfn, P)); }},
    BadState{5, "the count of a page goes, the device's entry stays",
             [](State& s) {
               s.set_page(P, hosts(P, 1));
               s.put(device_of_host, kernel_page(P + host_gfn, P));
               s.begin();
               s.set_page(P, hosts(P));
             }},
    BadState{6, "a device has a page of somebody else",
             [](State& s) { s.put(device_of_1, kernel_page(8, P)); }},
    BadState{6, "a device has a page at another gfn",
             [](State& s) { s.put(device_of_1, kernel_page(8, Q)); }},
    BadState{6, "a device has a page whose gfn changes",
             [](State& s) {
               s.put(device_of_1, kernel_page(7, Q));
               s.begin();
               s.set_page(Q, {1, 0, 8});
             }},
    BadState{6, "a device of the host has a page where no page of the host is",
             [](State& s) {
               s.set_page(P, hosts(P, 1));
               s.put(device_of_host, kernel_page(P, P));
             }},
    BadState{7, "a block of an unaligned pfn",
             [](State& s) { s.put(1, {512, bytes(first_frame + frames + 1), first_frame + frames + 1, 2}); }},
    BadState{7, "a block at an unaligned gfn",
             [](State& s) { s.put(1, {513, bytes(first_frame + frames), first_frame + frames, 2}); }},
    BadState{7, "a page inside a block",
             [](State& s) {
               s.put(1, kernel_page(519, Q));
               s.begin();
               s.put(1, {512, bytes(first_frame + frames), first_frame + frames, 2});
             }},
};

TEST_F(SekvmInvariants, EachFiresOnAStateMadeByHand) {
  for (const BadState& bad : bad_states) {
    restart(small_config());
    ASSERT_EQ(map(1, 7, Q), Result::ok);
    ASSERT_EQ(broken(machine.state()), 0U);
    machine.state().begin();
    bad.make(machine.state());
    EXPECT_EQ(broken(machine.state()), bad.number) << bad.why;
    EXPECT_EQ(broken_by_last(machine), bad.number) << bad.why;
    machine.state().undo();
    machine.state().begin();
    EXPECT_EQ(broken_by_last(machine), 0U) << bad.why;
  }
}

TEST_F(SekvmInvariants, PageZeroStaysInvalid) {
  Config config = small_config();
  config.regions[1] = {0, 4};
  restart(config);
  machine.state().begin();
  machine.state().set_page(0, hosts(0));
  EXPECT_EQ(broken(machine.state()), 2U);
  EXPECT_EQ(broken_by_last(machine), 2U);
}

TEST_F(SekvmInvariants, AVmThatIsOffMayKeepStaleEntriesAndSoMayItsDevices) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(apply(&Machine::update_smmu_page, 1, 1, bytes(7), bytes(P)), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  ASSERT_EQ(clear(1, P), Result::ok);
  EXPECT_EQ(machine.state().table(1).pfn_at(7), P);
  EXPECT_EQ(machine.state().table(device_of_1).pfn_at(7), P);
  EXPECT_EQ(broken(machine.state()), 0U);
}

TEST_F(SekvmInvariants, AMarkerMapsNothingWhoeverOwnsThePage) {
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(entry(HOSTVISOR, P).pte, PAGE_GUEST);
  EXPECT_EQ(broken(machine.state()), 0U);
}

TEST_F(SekvmInvariants, TheMendedRulesBreakNone) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    restart(small_config());
    Steps steps({}, seed);
    for (unsigned k = 0; k < 60; ++k) {
      steps.step([&](auto operation, auto... args) { return machine.apply(operation, args...); });
      ASSERT_EQ(broken_by_last(machine), 0U) << "seed " << seed << ", step " << k;
    }
    ASSERT_EQ(broken(machine.state()), 0U) << "seed " << seed;
  }
}

// Whatever the rules: a check of what changed says what a check of everything says.
TEST_F(SekvmInvariants, WhatChangedIsEnoughToAsk) {
  std::array<unsigned, 9> found{};
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Variant rules = seed % 2 == 0 ? Variant::published_2021() : Variant::artifact();
    rules.clears_running_vms = seed % 5 == 0;
    follow(rules);
    Steps steps({.first_vm = static_cast<std::uint32_t>(seed / 2 % 2)}, seed);
    for (unsigned k = 0; k < 60 && broken(machine.state()) == 0; ++k) {
      steps.step([&](auto operation, auto... args) { return machine.apply(operation, args...); });
      const unsigned all = broken(machine.state()), last = broken_by_last(machine);
      ASSERT_EQ(last == 8 ? 0 : last, all) << "seed " << seed << ", step " << k;
      ++found[all];
    }
  }
  for (const unsigned number : {1U, 2U, 3U, 4U, 7U})
    EXPECT_GT(found[number], 0U) << number;
}

TEST_F(SekvmInvariants, AWriteThroughAnotherOnesPageInterferes) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  machine.state().put(2, kernel_page(9, P));
  ASSERT_EQ(machine.apply(&Machine::write, 2, 9, 42), Result::ok);
  EXPECT_EQ(broken_by_last(machine), 8U);
  machine.state().set_page(P, {1, 1, 7});
  ASSERT_EQ(machine.apply(&Machine::write, 2, 9, 43), Result::ok);
  EXPECT_EQ(broken_by_last(machine), 0U) << "what is shared is shared";
}

TEST_F(SekvmInvariants, AnOperationForOneVmChangesNoViewButItsAndTheHosts) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(machine.actors(), 0b11U);
  EXPECT_EQ(machine.state().changed_views(), 0b11U);
  ASSERT_EQ(grant(1, 7), Result::ok);
  EXPECT_EQ(machine.actors(), 0b10U) << "the host is not asked";
  ASSERT_EQ(fault(P), Result::ok);
  EXPECT_EQ(machine.state().changed_views(), 0b01U);
  ASSERT_EQ(apply(&Machine::write, 1, 7, 5), Result::ok);
  EXPECT_EQ(machine.state().changed_views(), 0U) << "shared contents are in no view";
}

// The views themselves: whose view is another one after a step is what the log says.
TEST_F(SekvmInvariants, ViewsOfOthersStayAsTheyAre) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Config config = small_config();
    config.secrets.fill(seed);
    restart(config);
    Steps steps({}, seed);
    for (unsigned k = 0; k < 60; ++k) {
      const Machine before = machine;
      steps.step([&](auto operation, auto... args) { return machine.apply(operation, args...); });
      for (std::uint32_t who = 0; who < 4; ++who)
        if (view_of(machine.state(), who) != view_of(before.state(), who)) {
          ASSERT_TRUE((machine.state().changed_views() & machine.actors()) >> who & 1)
              << "seed " << seed << ", step " << k << ", principal " << who;
        }
    }
  }
}

TEST_F(SekvmInvariants, EachPartOfAViewIsSeen) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  const View before = view_of(machine.state(), 1);
  ASSERT_EQ(apply(&Machine::write, 1, 7, 5), Result::ok);
  const View written = view_of(machine.state(), 1);
  EXPECT_NE(written.contents, before.contents);
  ASSERT_EQ(apply(&Machine::map_io, 1, bytes(9), bytes(5)), Result::ok);
  const View mapped = view_of(machine.state(), 1);
  EXPECT_NE(mapped.table, written.table);
  EXPECT_EQ(mapped.records, written.records);
  ASSERT_EQ(grant(1, 7), Result::ok);
  EXPECT_NE(view_of(machine.state(), 1).records, mapped.records);
  EXPECT_NE(view_of(machine.state(), 1).contents, mapped.contents) << "a shared page is left out";
  ASSERT_EQ(apply(&Machine::update_smmu_page, 1, 1, bytes(7), bytes(P)), Result::ok);
  EXPECT_NE(view_of(machine.state(), 1).table, mapped.table) << "its devices' tables are its own";
}

TEST_F(SekvmInvariants, AVmsSecretsAreSeenByNobodyElse) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    TwoRuns runs(small_config(), 1, 111, 222);
    start(runs.first(), runs.first().state().config());
    start(runs.second(), runs.second().state().config());
    Steps steps({}, seed);
    for (unsigned k = 0; k < 60; ++k) {
      const auto who =
          steps.step([&](auto operation, auto... args) { return runs.apply(operation, args...); });
      ASSERT_EQ(who, std::nullopt) << "seed " << seed << ", step " << k;
      ASSERT_EQ(runs.write_secrets(k % 3, k, ~k), std::nullopt) << "seed " << seed << ", step " << k;
    }
  }
}

TEST_F(SekvmInvariants, ASecretThatOutlivesItsVmIsSeenByTheHost) {
  TwoRuns runs(small_config(), 1, 111, 222);
  start(runs.first(), runs.first().state().config());
  start(runs.second(), runs.second().state().config());
  ASSERT_EQ(runs.apply(&Machine::prot_and_map_vm_s2pt, 1, bytes(7), bytes(P), 3), std::nullopt);
  EXPECT_NE(view_of(runs.first().state(), 1), view_of(runs.second().state(), 1));
  ASSERT_EQ(runs.write_secrets(7, 42, 43), std::nullopt);
  ASSERT_EQ(runs.apply(&Machine::set_vm_poweroff, 1), std::nullopt);
  ASSERT_EQ(runs.apply(&Machine::clear_vm_range, 1, P, 1), std::nullopt);
  for (Machine* run : {&runs.first(), &runs.second()}) // as if nobody had scrubbed it
    run->state().set_contents(P, run == &runs.first() ? 42 : 43);
  EXPECT_EQ(runs.apply(&Machine::map_page_host, bytes(P)), HOSTVISOR);
}

TEST_F(SekvmInvariants, ASecretIsSeenThroughAnEntryThatIsLeftBehind) {
  TwoRuns runs(small_config(), 1, 111, 222);
  start(runs.first(), runs.first().state().config());
  start(runs.second(), runs.second().state().config());
  ASSERT_EQ(runs.apply(&Machine::prot_and_map_vm_s2pt, 1, bytes(7), bytes(P), 3), std::nullopt);
  for (Machine* run : {&runs.first(), &runs.second()})
    run->state().put(2, kernel_page(9, P));
  EXPECT_EQ(runs.write_secrets(7, 42, 43), std::optional<std::uint32_t>(2));
}

} // namespace
} // namespace reference::sekvm
