// Each oracle fires: a table with one bug goes through the table machine, and the divergence bears the name
// of the oracle that exists for this bug. The same trace on the table without the bug shows nothing, so the
// bug it is.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "tests/machines/broken_subjects.hpp"
#include "tests/machines/traces.hpp"
#include "tests/table/kinds.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr const twin::Schema& schema = table_schema<Tiny>;

std::unique_ptr<Subject> healthy(Watcher& watcher) { return make_subject<Tiny, ObservedBacking>(watcher); }

template <class Broken>
std::unique_ptr<Subject> with_bug(Watcher& watcher) {
  return std::make_unique<Broken>(healthy(watcher));
}

// Hears nothing of invalidations: as if they never reached the processor.
class DeafWatcher final : public Watcher {
 public:
  explicit DeafWatcher(Watcher& watcher) : watcher_(&watcher) {}
  void after_store(std::uint64_t slot) override { watcher_->after_store(slot); }
  void before_exchange(std::uint64_t slot) override { watcher_->before_exchange(slot); }
  void on_flush(const Invalidation& /*i*/) override {}

 private:
  Watcher* watcher_;
};
class LostInvalidations final : public DecoratedSubject {
 public:
  explicit LostInvalidations(std::unique_ptr<DeafWatcher> watcher)
      : DecoratedSubject(healthy(*watcher)), watcher_(std::move(watcher)) {}

 private:
  std::unique_ptr<DeafWatcher> watcher_;
};
std::unique_ptr<Subject> deaf(Watcher& watcher) {
  return std::make_unique<LostInvalidations>(std::make_unique<DeafWatcher>(watcher));
}

struct Bug {
  const char* name;
  std::unique_ptr<Subject> (*make)(Watcher&);
  const char* oracle;
  const char* key; // part of it
  const char* trace;
  bool paranoid = false;
};

void PrintTo(const Bug& bug, std::ostream* to) { *to << bug.name; }

constexpr const char* one_page = "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\n";

// The third operation of a program is the one whose map is undone and done again.
constexpr const char* three_maps = "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\n"
                                   "map s=0 va=0x3000 pa=0x200002000 size=4K attrs=rw--\n"
                                   "map s=0 va=0x4000 pa=0x200004000 size=16K attrs=rw--\n";

const Bug bugs[] = {
    {"WrongLookup", with_bug<broken::WrongLookup>, "O1 lookup", "lookup address", one_page},
    {"WrongStatus", with_bug<broken::WrongStatus>, "O2 ret", "remap ok instead of not_mapped",
     "remap s=0 va=0x2000 pa=0x200002000\n"},
    {"WrongAmount", with_bug<broken::WrongAmount>, "O2 ret", "unmap amount", "unmap s=0 va=0x2000 len=4K\n"},
    {"ForgottenReport", with_bug<broken::ForgottenReport>, "O2 ret", "unmap_collect leaves",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\nunmap_collect s=0 va=0x2000 len=4K\n"},
    {"WrongBytes", with_bug<broken::WrongBytes>, "O3 walk", "walk address", one_page},
    {"ReservedBit", with_bug<broken::ReservedBit>, "O4 shape", "level 0 ", one_page},
    {"SuspiciousAudit", with_bug<broken::SuspiciousAudit>, "O4 shape", "audit", one_page, true},
    {"LeakedNode", with_bug<broken::LeakedNode>, "O5 frames", "new node leaked",
     "protect s=0 va=0x2000 len=4K attrs=r---\n"},
    {"LostInvalidations", deaf, "O6 tlb", "stale presence",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\naccess s=0 va=0x2000 arg=1\nunmap s=0 va=0x2000 "
     "len=4K\n"},
    {"LostInvalidationOfRights", deaf, "O6 tlb", "stale rights",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\nprotect s=0 va=0x2000 len=4K attrs=r---\n"},
    {"LostInvalidationOfDirty", deaf, "O6 tlb", "stale dirty",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\naccess s=0 va=0x2000 arg=1\nharvest s=0 va=0x2000 "
     "len=4K arg=1\n"},
    {"LostDirty", with_bug<broken::LostDirty>, "O10 dirty", "harvest leaves",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\naccess s=0 va=0x2000 arg=1\nharvest s=0 va=0x2000 "
     "len=4K arg=0\n"},
    {"NeedlessOutOfMemory", with_bug<broken::NeedlessOutOfMemory>, "O11 atomic", "map refused 0", one_page},
    {"HalfDone", with_bug<broken::HalfDone>, "O11 atomic", "map_range changed something",
     "map s=0 va=0x3000 pa=0x200002000 size=4K attrs=rw--\nmap_range s=0 va=0x2000 pa=0x200002000 len=8K "
     "size=4K attrs=rw--\n"},
    {"SilentEdit", with_bug<broken::SilentEdit>, "O13 flush log", "leaf not covered",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\nprotect s=0 va=0x2000 len=4K attrs=r---\n"},
    {"WrongCounter", with_bug<broken::WrongCounter>, "O14 views", "live counter", one_page},
    {"WrongIteration", with_bug<broken::WrongIteration>, "O14 views", "for_each",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\nfor_each s=0 va=0x0 len=512K\n"},
    {"WrongFinalIteration", with_bug<broken::WrongIteration>, "O14 views", "for_each", one_page, true},
    {"StaleCache", with_bug<broken::StaleCache>, "O14 views", "cached lookup address",
     "map s=0 va=0x2000 pa=0x200002000 size=4K attrs=rw--\nremap s=0 va=0x2000 pa=0x300000000\n"},
    {"EndlessLoop", with_bug<broken::EndlessLoop>, "O15 progress", "promote",
     "promote s=0 va=0x2000 size=8K\n"},
    {"KeepsEverything", with_bug<broken::KeepsEverything>, "O16 metamorphic", "map, unmap, map", three_maps},
    {"UnmapsTooMuch", with_bug<broken::WrongAmount>, "O16 metamorphic", "map then unmap", three_maps},
};

class Oracle : public testing::TestWithParam<Bug> {};
INSTANTIATE_TEST_SUITE_P(All, Oracle, testing::ValuesIn(bugs), NameOfParam{});

TEST_P(Oracle, FindsItsBugAndNothingWithoutIt) {
  const Bug& bug = GetParam();
  const twin::Program program = program_of(bug.trace, schema);
  const twin::MachineOptions options{.paranoid = bug.paranoid};
  TableMachine sound({&schema, healthy, reference::tiny}, options);
  EXPECT_TRUE(agrees(sound, program));
  TableMachine machine({&schema, bug.make, reference::tiny}, options);
  const auto divergence = twin::run(machine, program);
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->oracle, bug.oracle) << divergence->headline;
  EXPECT_NE(divergence->key.find(bug.key), std::string::npos) << divergence->key;
  EXPECT_EQ(divergence->key.find("0x"), std::string::npos) << "an address in " << divergence->key;
  EXPECT_FALSE(divergence->headline.empty());
  EXPECT_EQ(divergence->step, program.ops.size() - 1);
}

} // namespace
} // namespace pagetwin::fuzz
