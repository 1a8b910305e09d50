// The machine "stage2": each of its own oracles fires on a subject that lies about one thing, and the same
// trace on the subject that does not lie shows nothing. A short swarm finds no divergence and meets every
// status of every verb.
#include "fuzz/machines/stage2/make.hpp"
#include "src/arch/ept.hpp"
#include "tests/machines/forwarding_stage2.hpp"
#include "tests/machines/swarm.hpp"
#include "tests/machines/traces.hpp"

namespace pagetwin::fuzz {
namespace {

using reference::sekvm::HOSTVISOR;
constexpr std::uint64_t frame = 0x201; // what machine 1 has in the traces

class WrongStatus final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  S2Status prot_and_map_vm_s2pt(unsigned vm, std::uint64_t addr, std::uint64_t pte, unsigned level) override {
    const S2Status status = inner().prot_and_map_vm_s2pt(vm, addr, pte, level);
    return status == S2Status::foreign_owner ? S2Status::ok : status;
  }
};
class WrongCount final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  [[nodiscard]] Stage2Record record(std::uint64_t pfn) const override {
    Stage2Record r = inner().record(pfn);
    r.count += r.owner == 1 ? 1 : 0;
    return r;
  }
};
// What was ever written stays where it was.
class NotScrubbed final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  bool write(unsigned principal, std::uint64_t gfn, std::uint64_t token) override {
    written_ = token;
    return inner().write(principal, gfn, token);
  }
  [[nodiscard]] std::uint64_t contents(std::uint64_t pfn) const override {
    return pfn == frame ? written_ : inner().contents(pfn);
  }

 private:
  std::uint64_t written_ = 0;
};
class WrongEntry final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  [[nodiscard]] std::optional<S2Entry> lookup(unsigned principal, std::uint64_t gfn) const override {
    auto entry = inner().lookup(principal, gfn);
    if (entry)
      entry->device = !entry->device;
    return entry;
  }
};
class NothingTaken final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  [[nodiscard]] bool is_taken(std::uint64_t /*pfn*/) const override { return false; }
};
class OneMorePage final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  [[nodiscard]] std::uint64_t used(unsigned principal) const override {
    return inner().used(principal) + (principal == 1 ? 1 : 0);
  }
};
// Lines that were there once are there for ever.
class OldLines final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  std::vector<Stage2Line>& lines() override {
    for (const Stage2Line& line : inner().lines())
      old_.push_back(line);
    return old_;
  }

 private:
  std::vector<Stage2Line> old_;
};
// While one machine's page is shared, another's table changes.
class BystanderEdited final : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;
  S2Status grant_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) override {
    (void)inner().prot_and_map_vm_s2pt(2, addr, 0x205000, 3);
    return inner().grant_stage2_sg_gpa(vm, addr, size);
  }
};

// Tokens are odd; in the second run those of the machine with the secret are even.
class Tells : public ForwardingStage2 {
 public:
  using ForwardingStage2::ForwardingStage2;

 protected:
  [[nodiscard]] bool knows() const {
    const std::uint64_t token = inner().contents(frame);
    return token != 0 && token % 2 == 0;
  }
};
class TellsByStatus final : public Tells {
 public:
  using Tells::Tells;
  S2Status map_page_host(std::uint64_t addr) override {
    const S2Status status = inner().map_page_host(addr);
    return knows() ? S2Status::foreign_owner : status;
  }
};
class TellsByReading final : public Tells {
 public:
  using Tells::Tells;
  std::optional<std::uint64_t> read(unsigned principal, std::uint64_t gfn) override {
    const auto token = inner().read(principal, gfn);
    return principal == 2 && knows() ? std::optional(inner().contents(frame)) : token;
  }
};
class TellsByRecord final : public Tells {
 public:
  using Tells::Tells;
  [[nodiscard]] Stage2Record record(std::uint64_t pfn) const override {
    Stage2Record r = inner().record(pfn);
    r.count += r.owner == 2 && knows() ? 1 : 0;
    return r;
  }
};
class TellsByContents final : public Tells {
 public:
  using Tells::Tells;
  [[nodiscard]] std::uint64_t contents(std::uint64_t pfn) const override {
    return pfn != frame && knows() ? inner().contents(frame) : inner().contents(pfn);
  }
};

using Make = std::unique_ptr<Stage2Subject> (*)(Watcher&, Stage2Environment&);
template <class Liar>
std::unique_ptr<Stage2Subject> lying(Watcher& watcher, Stage2Environment& environment) {
  return std::make_unique<Liar>(make_stage2_subject<Ept4>(watcher, environment));
}

struct Lie {
  const char* name;
  Make make;
  const char* oracle;
  const char* key;
  const char* trace;
};
void PrintTo(const Lie& lie, std::ostream* to) { *to << lie.name; }

constexpr const char* one_page = "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\n";
constexpr const char* written = "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\n"
                                "write vm=1 addr=0x3000\n"
                                "prot_and_map vm=2 addr=0x3000 pa=0x202000 level=3\n"
                                "map_page_host addr=0x204000\n"
                                "read vm=2 addr=0x3000\n";

const Lie lies[] = {
    {"WrongStatus", lying<WrongStatus>, "O2 ret", "prot_and_map status",
     "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\nprot_and_map vm=2 addr=0x3000 pa=0x201000 "
     "level=3\n"},
    {"WrongCount", lying<WrongCount>, "O1 lookup", "record of a frame", one_page},
    {"NotScrubbed", lying<NotScrubbed>, "O12 isolation", "contents of a frame",
     "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\nwrite vm=1 addr=0x3000\npower_off vm=1\n"
     "clear_vm_range vm=1 pa=0x201000 count=1\n"},
    {"WrongEntry", lying<WrongEntry>, "O1 lookup", "entry", one_page},
    {"NothingTaken", lying<NothingTaken>, "O1 lookup", "PAGE_GUEST",
     "map_page_host addr=0x201000\nprot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\n"},
    {"OneMorePage", lying<OneMorePage>, "O5 frames", "table pages", one_page},
    {"OldLinesOfAPage", lying<OldLines>, "O6 tlb", "stale line",
     "map_page_host addr=0x201000\nread vm=0 addr=0x201000\n"
     "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\n"},
    {"OldLinesOfAMachine", lying<OldLines>, "O6 tlb", "line of a machine that is off",
     "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\nread vm=1 addr=0x3000\npower_off vm=1\n"},
    {"BystanderEdited", lying<BystanderEdited>, "O12 noninterference", "grant edits a bystander's table",
     "prot_and_map vm=2 addr=0x3000 pa=0x204000 level=3\n"
     "prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\ngrant vm=1 addr=0x3000 size=4K count=1\n"},
    {"TellsByStatus", lying<TellsByStatus>, "O12 noninterference", "map_page_host depends on a secret",
     written},
    {"TellsByReading", lying<TellsByReading>, "O12 noninterference", "a secret is read", written},
    {"TellsByRecord", lying<TellsByRecord>, "O12 noninterference", "a record depends on a secret", written},
    {"TellsByContents", lying<TellsByContents>, "O12 noninterference", "a secret is left", written},
};

class Stage2Lies : public testing::TestWithParam<Lie> {
 protected:
  [[nodiscard]] static twin::Program program() {
    return program_of(GetParam().trace, stage2_schema,
                      "set memory=0 vms=3 ready=2 pages=8 devices=2 secret=1");
  }
};
INSTANTIATE_TEST_SUITE_P(Each, Stage2Lies, testing::ValuesIn(lies),
                         [](const auto& lie) { return std::string(lie.param.name); });

TEST_P(Stage2Lies, AreSeenByTheOracleForThem) {
  Stage2Machine machine({GetParam().make, reference::ept_4}, {});
  const auto divergence = twin::run(machine, program());
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->oracle, GetParam().oracle) << divergence->headline;
  EXPECT_EQ(divergence->key, GetParam().key) << divergence->headline;
}

TEST_P(Stage2Lies, AreNotSeenWhereThereAreNone) {
  Stage2Machine machine({make_stage2_subject<Ept4>, reference::ept_4}, {.paranoid = true});
  EXPECT_TRUE(agrees(machine, program()));
}

// Machine 1 wrote into a frame that is the host's again, and our side left it there.
TEST(Stage2Report, SaysWhoMapsAFrameAndWhoWroteWhatItHolds) {
  Stage2Machine machine({lying<NotScrubbed>, reference::ept_4}, {});
  const twin::Program program = program_of("prot_and_map vm=1 addr=0x3000 pa=0x201000 level=3\n"
                                           "write vm=1 addr=0x3000\n"
                                           "power_off vm=1\n"
                                           "clear_vm_range vm=1 pa=0x201000 count=1\n",
                                           stage2_schema, "set vms=2 ready=2");
  ASSERT_TRUE(twin::run(machine, program));
  EXPECT_EQ(machine.explain(0x201000), R"(no table has anything at 0x201000
frame 0x201
  model owner 0 count 0 gfn 0x3b9acc01 holds zeroes
  ours  owner 0 count 0 gfn 0x3b9acc01 holds what machine 1 wrote in operation 2
  mapped in the model by machine 1 (off) at 0x3000
)");
}

TEST(Stage2Report, ShowsEachTableInThreeViews) {
  Stage2Machine machine({lying<NothingTaken>, reference::ept_4}, {});
  const twin::Program program = program_of("map_page_host addr=0x201000\n"
                                           "prot_and_map vm=1 addr=0x201000 pa=0x201000 level=3\n",
                                           stage2_schema, "set vms=2 ready=2");
  ASSERT_TRUE(twin::run(machine, program));
  EXPECT_EQ(machine.explain(0x201008), R"(host, at 0x201000
  model taken (PAGE_GUEST)
  ours  nothing
  bytes nothing
machine 1, at 0x201000
  model 0x201000 page
  ours  0x201000 page
  bytes 0x201000 page
frame 0x201
  model owner 1 count 0 gfn 0x201 holds zeroes
  ours  owner 1 count 0 gfn 0x201 holds zeroes
  mapped in the model by machine 1 at 0x201000
)");
  EXPECT_EQ(machine.explain(~std::uint64_t{0}), "no table has room for 0xffffffffffffffff\n");
}

// What each verb can answer.
const Outcomes reachable{
    {"register_vm", {"ok", "bad_state", "unknown_vm"}},
    {"boot_vm", {"ok", "bad_state", "unknown_vm"}},
    {"verify_vm", {"ok", "bad_state", "unknown_vm"}},
    {"power_off", {"ok", "bad_state", "unknown_vm"}},
    {"map_page_host", {"ok", "foreign_owner", "out_of_range", "out_of_memory"}},
    {"prot_and_map",
     {"ok", "unknown_vm", "out_of_range", "misaligned", "bad_state", "foreign_owner", "other_gfn", "overlap",
      "out_of_memory"}},
    {"map_io", {"ok", "unknown_vm", "out_of_range", "bad_state", "out_of_memory"}},
    {"grant", {"ok", "unknown_vm", "out_of_range", "bad_state"}},
    {"revoke", {"ok", "unknown_vm", "out_of_range", "bad_state"}},
    {"clear_vm_range", {"ok", "unknown_vm", "out_of_range", "bad_state"}},
    {"alloc_smmu", {"ok", "unknown_vm", "unknown_device", "bad_state"}},
    {"free_smmu", {"ok", "unknown_device", "bad_state"}},
    {"assign_smmu", {"ok", "unknown_vm", "out_of_range", "bad_state", "foreign_owner"}},
    {"update_smmu", {"ok", "unknown_vm", "unknown_device", "foreign_owner"}},
    {"unmap_smmu", {"ok", "unknown_device", "out_of_range", "bad_state"}},
    {"read", {"ok", "fault"}},
    {"write", {"ok", "fault"}},
};

TEST(Stage2Swarm, MeetsEveryStatusOfEveryVerbWithoutADivergence) {
  Stage2Machine machine({make_stage2_subject<Ept4>, reference::ept_4}, {});
  expect_swarm_meets(machine, reachable, Answer::whole, 1500, 1500);
}

TEST(Stage2Swarm, GivesAHostsDeviceAFrameUnderItsNumberThere) {
  bool counted = false;
  Stage2Machine machine({make_stage2_subject<Ept4>, reference::ept_4}, {});
  for (std::uint64_t seed = 0; seed < 1500 && !counted; ++seed) {
    const twin::Program program = swarm(stage2_schema, seed);
    machine.begin(program);
    for (const twin::Op& op : program.ops) {
      ASSERT_FALSE(machine.step(op));
      counted = counted
                || (static_cast<Stage2Verb>(op.verb) == Stage2Verb::smmu_map && op.value[s2_vm] == HOSTVISOR
                    && machine.outcome() == "ok");
    }
    ASSERT_FALSE(machine.finish());
  }
  EXPECT_TRUE(counted);
}

} // namespace
} // namespace pagetwin::fuzz
