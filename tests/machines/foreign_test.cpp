// The judge of foreign MMUs, with one that is the reference itself and lies where a test tells it to.
#include "fuzz/machines/foreign/session.hpp"
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/table/decorated_subject.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace pagetwin::fuzz {
namespace {

using emulators::Answer;
using emulators::Emulator;
using emulators::Expected;
using emulators::Image;
using emulators::Kind;
using emulators::Oracle;
using emulators::Outcome;
using emulators::Probe;
using emulators::WordDifference;
using twin::ExitStatus;

constexpr std::uint64_t dirty = 1U << 6U;

// What a test bends; nothing is an honest MMU.
struct Lies {
  std::function<void(const Probe&, Answer&)> answer = [](const Probe&, Answer&) {};
  std::function<std::uint64_t(std::uint64_t)> word = [](std::uint64_t same) { return same; };
  bool writes_back = true;
};

class Liar final : public Emulator {
 public:
  explicit Liar(Lies lies) : lies_(std::move(lies)) {}
  [[nodiscard]] std::string_view name() const override { return "liar"; }
  [[nodiscard]] bool judges(std::string_view format) const override { return format == "x86_64_4"; }
  [[nodiscard]] bool writes_back() const override { return lies_.writes_back; }

  void walk(std::string_view, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override {
    const reference::PhysicalMemory memory{reinterpret_cast<unsigned char*>(image.bytes.data()), image.base,
                                           image.bytes.size()};
    const reference::Mode mode{.smep = false, .smap = false};
    for (std::size_t i = 0; i < probes.size(); ++i) {
      const reference::Access access{static_cast<reference::AccessKind>(probes[i].kind), probes[i].user};
      answers[i] = in_words(reference::x86_64_4().walk(memory, image.root, probes[i].address, access, mode));
      lies_.answer(probes[i], answers[i]);
      if (lies_.writes_back && answers[i].outcome == Outcome::ok)
        (void)reference::x86_64_4().access(memory, image.root, probes[i].address, access, mode);
    }
    for (std::size_t at = 0; at + 8 <= image.bytes.size(); at += 8)
      memory.store(image.base + at, lies_.word(memory.load(image.base + at).value_or(0)));
  }

 private:
  static Answer in_words(const reference::Walk& walk) {
    switch (walk.outcome) {
    case reference::Outcome::ok:
      return {Outcome::ok, walk.translation.pa, std::nullopt};
    case reference::Outcome::not_present:
      return {Outcome::not_present, std::nullopt, walk.level};
    case reference::Outcome::reserved:
      return {Outcome::reserved, std::nullopt, walk.level};
    case reference::Outcome::non_canonical:
      return {Outcome::non_canonical, std::nullopt, std::nullopt};
    default:
      return {Outcome::protection, std::nullopt, std::nullopt};
    }
  }

  Lies lies_;
};

// A user may write to whatever is mapped.
void let_users_write(const Probe& probe, Answer& answer) {
  if (probe.user && probe.kind == Kind::write && answer.outcome == Outcome::protection)
    answer = {Outcome::ok, std::nullopt, std::nullopt};
}

std::uint64_t forget_dirty(std::uint64_t word) { return word & ~dirty; }

bool is_users_write(std::string_view, const Probe& probe, const Expected& expected, const Answer& answer) {
  return probe.user && probe.kind == Kind::write && expected.outcome == Outcome::protection
         && answer.outcome == Outcome::ok;
}
bool is_never(std::string_view, const Probe&, const Expected&, const Answer&) { return false; }
bool is_dirty(std::string_view, const WordDifference& d) { return (d.expected ^ d.found) == dirty; }

constexpr std::array users_write{emulators::Deviation{"never", "nowhere", is_never},
                                 emulators::Deviation{"users write", "volume 3", is_users_write}};
constexpr std::array no_dirty{emulators::WordDeviation{"no dirty flag", "volume 3", is_dirty}};

struct Result {
  ExitStatus status;
  std::string summary, printed;
};

class ForeignMmus : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder()); }
  void TearDown() override { std::filesystem::remove_all(folder()); }

  [[nodiscard]] static std::string folder() {
    return testing::TempDir() + "pagetwin-foreign-" + std::to_string(getpid()) + "/";
  }
  [[nodiscard]] static std::vector<std::string> traces() {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(folder()))
      found.push_back(file.path());
    return found;
  }

  [[nodiscard]] static Result ask(const twin::Target& target, SessionOptions options,
                                  std::vector<emulators::Opened> opened) {
    options.save = folder();
    Session session(target, std::move(opened), std::move(options), "program");
    testing::internal::CaptureStdout();
    const ExitStatus status = session.run();
    return {status, session.summary(), testing::internal::GetCapturedStdout()};
  }
  [[nodiscard]] static Result ask(const twin::Target& target, SessionOptions options, Oracle oracle) {
    std::vector<emulators::Opened> opened;
    opened.emplace_back(std::move(oracle));
    return ask(target, std::move(options), std::move(opened));
  }
  [[nodiscard]] static Result ask(Lies lies, SessionOptions options = {.probes = 5000},
                                  std::span<const emulators::Deviation> deviations = {},
                                  std::span<const emulators::WordDeviation> words = {}) {
    return ask(four_levels(), std::move(options),
               Oracle{std::make_unique<Liar>(std::move(lies)), deviations, words});
  }
  [[nodiscard]] static twin::Target four_levels() {
    return table_target<X86_64_4, ObservedBacking, reference::x86_64_4>("page_table_test");
  }
};

Oracle honest() { return {std::make_unique<Liar>(Lies{}), {}, {}}; }

testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no '" << part << "' in\n" << text;
}

// Dies in the middle of the walks whose numbers are given, with half of what they do done.
class Mortal final : public Emulator {
 public:
  explicit Mortal(std::set<unsigned> dies) : dies_(std::move(dies)) {}
  [[nodiscard]] std::string_view name() const override { return liar_.name(); }
  [[nodiscard]] bool judges(std::string_view format) const override { return liar_.judges(format); }
  [[nodiscard]] bool writes_back() const override { return true; }
  void walk(std::string_view format, Image image, std::span<const Probe> probes,
            std::span<Answer> answers) override {
    liar_.walk(format, image, probes, answers);
    if (!dies_.contains(++walks_))
      return;
    std::ranges::fill(image.bytes.first(image.bytes.size() / 2), std::byte{0x5a});
    throw std::runtime_error("liar died before a batch was done");
  }

 private:
  Liar liar_{Lies{}};
  std::set<unsigned> dies_;
  unsigned walks_ = 0;
};

// A number of the summary's one line.
std::uint64_t number(const Result& result, const std::string& name) {
  const std::size_t at = result.summary.find("\"" + name + "\":");
  return at == std::string::npos ? 0 : std::stoull(result.summary.substr(at + name.size() + 3));
}

TEST_F(ForeignMmus, AgreeWhenTheyAreHonest) {
  const Result result = ask({});
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_GE(number(result, "probes"), 5000U);
  EXPECT_GT(number(result, "damaged"), 1000U);
  EXPECT_EQ(number(result, "unexplained"), 0U);
  EXPECT_TRUE(traces().empty());
}

TEST_F(ForeignMmus, AreAskedAsOftenFromTheLastSeedOn) {
  const Result result = ask({}, {.probes = 5000, .seed = std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_GE(number(result, "probes"), 5000U);
}

TEST_F(ForeignMmus, AreAskedAboutTracesFirst) {
  std::ofstream(folder() + "one.ops") << "pagetwin 1 table\nmap s=0 va=0 pa=0x200000000 size=4K attrs=rw-u\n";
  const Result traces_only = ask({}, {.files = traces()});
  ASSERT_GT(number(traces_only, "probes"), 0U);
  EXPECT_EQ(ask({}, {.probes = 1, .files = traces()}).summary, traces_only.summary);
}

TEST_F(ForeignMmus, AreAskedTheSameEveryTime) { EXPECT_EQ(ask({}).summary, ask({}).summary); }

TEST_F(ForeignMmus, ThatDieAreStartedAgainAndLoseNothing) {
  testing::internal::CaptureStderr();
  const Result result =
      ask(four_levels(), {.probes = 5000}, {std::make_unique<Mortal>(std::set{1U, 7U}), {}, {}});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_EQ(number(result, "probes"), number(ask({}), "probes"));
  EXPECT_EQ(number(result, "restarts"), 2U);
  EXPECT_TRUE(has(said,
                  "pagetwin: x86_64_4: liar could not go on, and is started again (1 of at most 5 times): "
                  "liar died before a batch was done\n"));
  EXPECT_TRUE(has(said, "(2 of at most 5 times)"));
}

TEST_F(ForeignMmus, ThatDieOfOneTableTwiceEndItAndKeepTheirRow) {
  testing::internal::CaptureStderr();
  const Result result =
      ask(four_levels(), {.probes = 5000}, {std::make_unique<Mortal>(std::set{3U, 4U}), {}, {}});
  EXPECT_TRUE(has(testing::internal::GetCapturedStderr(),
                  "\npagetwin: x86_64_4: liar died before a batch was done\n"));
  EXPECT_EQ(result.status, ExitStatus::bad_input);
  EXPECT_EQ(number(result, "restarts"), 1U);
  EXPECT_GT(number(result, "probes"), 0U);
  EXPECT_TRUE(has(result.printed, result.summary));
}

TEST_F(ForeignMmus, AreNotStartedAgainForEver) {
  std::set<unsigned> every_second;
  for (unsigned walk = 1; walk < 100; walk += 2)
    every_second.insert(walk);
  testing::internal::CaptureStderr();
  const Result result =
      ask(four_levels(), {.probes = 5000}, {std::make_unique<Mortal>(every_second), {}, {}});
  EXPECT_TRUE(has(testing::internal::GetCapturedStderr(), "(5 of at most 5 times)"));
  EXPECT_EQ(result.status, ExitStatus::bad_input);
  EXPECT_EQ(number(result, "restarts"), 5U);
}

TEST_F(ForeignMmus, ThatGiveAnotherAnswerAreReportedWithATraceThatDoesItAgain) {
  const Result result = ask({.answer = let_users_write});
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_GT(number(result, "unexplained"), 0U);
  EXPECT_TRUE(has(result.printed, "liar: x86_64_4, user write: ok instead of protection"));
  EXPECT_TRUE(has(result.printed, "scripts/oracles " + folder()));
  ASSERT_EQ(traces().size(), 1U);
  const SessionOptions again{.files = traces()};
  EXPECT_EQ(ask({.answer = let_users_write}, again).status, ExitStatus::diverged);
  EXPECT_EQ(ask({}, again).status, ExitStatus::ok);
}

// An interrupt ends the program and asks nobody; the random programs that follow take minutes.
TEST_F(ForeignMmus, AreReportedAtOnce) {
  const std::string printed = folder() + "printed", save = folder();
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen(printed.c_str(), "w", stdout) == nullptr)
      _exit(2);
    std::vector<emulators::Opened> opened;
    opened.emplace_back(Oracle{std::make_unique<Liar>(Lies{.answer = let_users_write}), {}, {}});
    _exit(static_cast<int>(
        Session(four_levels(), std::move(opened), {.probes = 5000, .save = save}, "program").run()));
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ExitStatus::diverged));
  std::ostringstream text;
  text << std::ifstream(printed).rdbuf();
  EXPECT_TRUE(has(text.str(), "pagetwin: json {"));
}

TEST_F(ForeignMmus, ThatGoToAnotherAddressAreReported) {
  const Result result = ask({.answer = [](const Probe& probe, Answer& answer) {
    if (answer.pa && (probe.address & 0xfffU) == 0xfff)
      answer.pa = *answer.pa ^ 0x1000U;
  }});
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "another address"));
}

TEST_F(ForeignMmus, ThatFaultAtAnotherLevelAreReported) {
  const Result result = ask({.answer = [](const Probe&, Answer& answer) {
    if (answer.outcome == Outcome::not_present && answer.level == 0)
      answer.level = 1;
  }});
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "another level"));
}

TEST_F(ForeignMmus, NeedNotSayWhyTheyFault) {
  const Result result = ask({.answer = [](const Probe&, Answer& answer) {
    if (answer.outcome != Outcome::ok)
      answer = {Outcome::fault, std::nullopt, std::nullopt};
  }});
  EXPECT_EQ(result.status, ExitStatus::ok);
}

TEST_F(ForeignMmus, ThatOnlyEverFaultAreReported) {
  const Result result = ask({.answer = [](const Probe&, Answer& answer) {
    answer = {Outcome::fault, std::nullopt, std::nullopt};
  }});
  EXPECT_EQ(result.status, ExitStatus::diverged);
}

TEST_F(ForeignMmus, LeaveNoMarkWhereTheyCouldNotAsk) {
  const Result result = ask({.answer = [](const Probe& probe, Answer& answer) {
    if (probe.kind == Kind::write)
      answer.outcome = Outcome::not_judged;
  }});
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_GT(number(result, "not_judged"), 1000U);
}

TEST_F(ForeignMmus, AreExplainedByAKnownDeviationWhichIsCounted) {
  const Result result = ask({.answer = let_users_write, .writes_back = false}, {.probes = 5000}, users_write);
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_EQ(number(result, "unexplained"), 0U);
  EXPECT_TRUE(has(result.summary, R"({"name":"never","manual":"nowhere","count":0})"));
  EXPECT_TRUE(has(result.summary, R"({"name":"users write","manual":"volume 3","count":)"));
  EXPECT_FALSE(has(result.summary, R"({"name":"users write","manual":"volume 3","count":0})"));
}

TEST_F(ForeignMmus, ThatWriteBackAnotherWordAreReported) {
  const Result result = ask({.word = forget_dirty});
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "bits 0x40 written back"));
}

TEST_F(ForeignMmus, AreExplainedByAKnownDeviationOfWords) {
  const Result result = ask({.word = forget_dirty}, {.probes = 5000}, {}, no_dirty);
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_FALSE(has(result.summary, R"("manual":"volume 3","count":0})"));
}

TEST_F(ForeignMmus, ThatAreAbsentAreNamedWithTheReason) {
  std::vector<emulators::Opened> opened;
  opened.emplace_back(emulators::Absent{"kvm", "there is no /dev/kvm"});
  const Result result = ask(four_levels(), {.probes = 1}, std::move(opened));
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_TRUE(has(result.summary, R"(pagetwin: absent {"oracle":"kvm","reason":"there is no /dev/kvm"})"));
  EXPECT_TRUE(has(result.summary, R"(pagetwin: nobody {"format":"x86_64_4"})"));
}

TEST_F(ForeignMmus, AreNotAskedAboutOtherFormats) {
  const auto five_levels = table_target<X86_64_5, ObservedBacking, reference::x86_64_5>("page_table_test");
  EXPECT_TRUE(
      has(ask(five_levels, {.probes = 1}, honest()).summary, R"(pagetwin: nobody {"format":"x86_64_5"})"));
}

TEST_F(ForeignMmus, AreNotAskedWhenAnotherOneIsWanted) {
  const Result result = ask({.answer = let_users_write}, {.probes = 5000, .oracles = {"unicorn"}});
  EXPECT_EQ(result.status, ExitStatus::ok);
  EXPECT_TRUE(has(result.summary, "pagetwin: nobody"));
}

// Pages lead one frame of their size too far, and the table's own answers hide it.
class WrongFrame final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  Status map(unsigned s, std::uint64_t va, std::uint64_t pa, std::uint64_t size, Attributes a) override {
    const Status status = inner().map(s, va, pa, size, a);
    const reference::PhysicalMemory memory{reinterpret_cast<unsigned char*>(arena().begin()), arena().base(),
                                           arena().size()};
    const std::uint64_t slot =
        reference::x86_64_4().walk(memory, root(s), va, {}, {.smep = false, .smap = false}).leaf_address;
    if (status == Status::ok)
      memory.store(slot, memory.load(slot).value_or(0) ^ size);
    return status;
  }
};

// The bytes are right, and the answer is not.
class WrongAnswer final : public DecoratedSubject {
 public:
  using DecoratedSubject::DecoratedSubject;
  std::optional<Found> lookup(unsigned s, std::uint64_t va) override {
    auto found = inner().lookup(s, va);
    if (found)
      found->pa ^= 0x1000U;
    return found;
  }
};

template <class Broken>
twin::Target target_with() {
  twin::Target target = table_target<X86_64_4, ObservedBacking, reference::x86_64_4>("page_table_test");
  target.make = [](const twin::MachineOptions& options) -> std::unique_ptr<twin::Machine> {
    const auto broken = [](Watcher& watcher) -> std::unique_ptr<Subject> {
      return std::make_unique<Broken>(make_subject<X86_64_4, ObservedBacking>(watcher));
    };
    return std::make_unique<TableMachine>(TableSides{&table_schema<X86_64_4>, broken, reference::x86_64_4},
                                          options);
  };
  return target;
}

TEST_F(ForeignMmus, ConfirmWhatAnotherOracleFindsInTheBytes) {
  const Result result = ask(target_with<WrongFrame>(), {.probes = 5000}, honest());
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "liar contradicts the model, too: "));
}

TEST_F(ForeignMmus, DoNotConfirmWhatIsNotInTheBytes) {
  const Result result = ask(target_with<WrongAnswer>(), {.probes = 5000}, honest());
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "O1 lookup"));
  EXPECT_TRUE(has(result.printed, "liar does not contradict the model at this address"));
}

TEST_F(ForeignMmus, DoNotConfirmAnythingByAFlagThatNobodySet) {
  const auto clean = [](const Probe&, Answer& answer) { answer = {Outcome::access_flag, std::nullopt, 0}; };
  const Result result =
      ask(target_with<WrongAnswer>(), {.probes = 5000},
          Oracle{std::make_unique<Liar>(Lies{.answer = clean, .writes_back = false}), {}, {}});
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "liar does not contradict the model at this address"));
}

TEST_F(ForeignMmus, ThatCannotBeAskedDoNotConfirmTheModelEither) {
  const auto silent = [](const Probe&, Answer& answer) {
    answer = {Outcome::not_judged, std::nullopt, std::nullopt};
  };
  const Result result = ask(target_with<WrongFrame>(), {.probes = 5000},
                            Oracle{std::make_unique<Liar>(Lies{.answer = silent}), {}, {}});
  EXPECT_EQ(result.status, ExitStatus::diverged);
  EXPECT_TRUE(has(result.printed, "liar cannot judge this address"));
}

TEST_F(ForeignMmus, TakeATraceThatDoesNotExistAsBadInput) {
  EXPECT_EQ(ask({}, {.files = {folder() + "missing.ops"}}).status, ExitStatus::bad_input);
}

} // namespace
} // namespace pagetwin::fuzz
