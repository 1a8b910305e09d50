// The replaying program: options, exit statuses, conversions, files.
#include "fuzz/twin/files.hpp"
#include "fuzz/twin/replay.hpp"
#include "tests/twin/toy_machine.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace pagetwin::twin {
namespace {

using toy::Plant;

std::variant<ReplayOptions, UsageError> options_of(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  return parse_replay_options(arguments);
}

std::string usage_error(std::vector<std::string> words) {
  const auto result = options_of(std::move(words));
  const auto* error = std::get_if<UsageError>(&result);
  return error == nullptr ? "no error" : error->message;
}

class ReplayTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        std::filesystem::path(testing::TempDir()) / ("pagetwin-replay-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }

  void write(const std::string& name, std::string_view content) const {
    const auto error = write_file(path(name), content);
    EXPECT_EQ(error ? error->message : "", "");
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    auto content = read_file(path(name), 1U << 20U);
    const auto* error = std::get_if<FileError>(&content);
    return error == nullptr ? std::get<std::string>(content) : error->message;
  }

  template <Plant P>
  [[nodiscard]] int replay(std::vector<std::string> words) const {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto status =
        Replay(toy::target_with<P>(), std::get<ReplayOptions>(options_of(std::move(words))), "toy_replay")
            .run();
    out_ = testing::internal::GetCapturedStdout();
    errors_ = testing::internal::GetCapturedStderr();
    return static_cast<int>(status);
  }

  std::filesystem::path directory_;
  mutable std::string out_;
  mutable std::string errors_;
};

constexpr std::string_view stale = "pagetwin 1 toy\nset capacity=4 seed=9\nnop\nput key=0x7000 value=0x1\n"
                                   "get key=0x7000\ndrop key=0x7000\nget key=0x7000\n";

TEST(ReplayOptionsTest, MistakesAreNamed) {
  EXPECT_EQ(usage_error({}), "expected a file or a directory");
  EXPECT_EQ(usage_error({"--fast", "a"}), "unknown option --fast");
  EXPECT_EQ(usage_error({"--seed"}), "--seed: expected a number, found nothing");
  EXPECT_EQ(usage_error({"--seed", "x", "a"}),
            "--seed: expected a number such as 12 or 0x1f, below 2^64, found 'x'");
  EXPECT_EQ(usage_error({"--to-text", "a", "b"}), "expected one file, found 2");
  EXPECT_EQ(usage_error({"--swarm", "5", "a"}), "expected no file, found a");
  EXPECT_EQ(usage_error({"--swarm", "0"}), "--swarm 0 needs --time");
  EXPECT_EQ(usage_error({"--event-log", "c", "a", "b"}), "--event-log needs one file to replay");
  EXPECT_EQ(usage_error({"--event-log", "c", "--swarm", "5"}), "--event-log needs one file to replay");
  EXPECT_EQ(usage_error({"-o", "b", "a"}), "-o needs one of --minimize, --to-text, --to-bytes");
  EXPECT_EQ(usage_error({"--to-text", "--to-bytes", "a"}),
            "--to-bytes: expected only one of --minimize, --to-text, --to-bytes, --swarm, --list-verbs, "
            "found '--to-bytes'");
}

TEST(ReplayOptionsTest, ValuesAreTaken) {
  const auto options =
      std::get<ReplayOptions>(options_of({"--swarm", "5", "--seed", "0x10", "--ops", "7", "--time", "3s"}));
  EXPECT_EQ(options.mode, ReplayMode::swarm);
  EXPECT_EQ(options.programs, 5U);
  EXPECT_EQ(options.seed, 16U);
  EXPECT_EQ(options.ops, 7U);
  EXPECT_EQ(options.seconds, 3U);
}

TEST(ReplayOptionsTest, ASeedAloneIsThatProgramAndATimeAloneASwarm) {
  const auto seed = std::get<ReplayOptions>(options_of({"--seed", "9"}));
  EXPECT_EQ(seed.mode, ReplayMode::swarm);
  EXPECT_EQ(seed.programs, 1U);
  const auto time = std::get<ReplayOptions>(options_of({"--time", "2"}));
  EXPECT_EQ(time.mode, ReplayMode::swarm);
  EXPECT_EQ(time.programs, 0U);
}

TEST_F(ReplayTest, AnEventLogIsAskedOfAMachineThatHasOne) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::none>({"--event-log", path("log"), path("a.ops")}), 2);
  EXPECT_EQ(errors_, "--event-log: toy_store has no event log; docs/traces.md says which target has\n");
  EXPECT_EQ(out_, "") << "nothing is replayed for a log that cannot be";
  EXPECT_FALSE(std::filesystem::exists(path("log")));
}

TEST_F(ReplayTest, AComplaintBeginsALineAfterWhatWasPrintedBefore) {
  write("a.ops", stale);
  testing::internal::CaptureStdout();
  const int errors = ::dup(2);
  ::dup2(1, 2); // as in a log of both
  (void)Replay(toy::target_with<Plant::none>(),
               std::get<ReplayOptions>(options_of({path("a.ops"), path("b.ops")})), "toy_replay")
      .run();
  ::dup2(errors, 2);
  ::close(errors);
  const std::string both = testing::internal::GetCapturedStdout();
  EXPECT_NE(both.find("a.ops (5 operations)\n" + path("b.ops") + ": cannot be "), std::string::npos) << both;
}

TEST_F(ReplayTest, TheSeedInAReportFindsTheSameAgain) {
  EXPECT_EQ(replay<Plant::stale>({"--swarm", "100", "--save", path("kept")}), 1);
  const std::size_t at = out_.find("seed      ");
  const std::string seed = out_.substr(at + 10, out_.find(':', at) - at - 10);
  const std::string first = out_;
  EXPECT_EQ(replay<Plant::stale>({"--seed", seed, "--ops", "256", "--save", path("kept")}), 1);
  EXPECT_EQ(out_, first);
}

TEST_F(ReplayTest, PrintsEveryStepWithItsOutcome) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::none>({path("a.ops")}), 0);
  EXPECT_EQ(out_, "   set capacity=4 seed=9\n1  nop -> ok\n2  put key=0x7000 value=0x1 -> ok\n3  get "
                  "key=0x7000 -> ok found\n"
                  "4  drop key=0x7000 -> ok\n5  get key=0x7000 -> missing\nok        "
                      + path("a.ops") + " (5 operations)\n");
}

TEST_F(ReplayTest, ADivergenceIsReportedWithItsLineAndExitsOne) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::stale>({path("a.ops")}), 1);
  EXPECT_NE(out_.find("diverged  " + path("a.ops") + " (T1 get: get found)\n\nThe operation is line 7 of "),
            std::string::npos);
  EXPECT_NE(out_.find("debug     gdb --args toy_replay " + path("a.ops") + "\n"), std::string::npos);
}

TEST_F(ReplayTest, QuietIsOneLineForEachFile) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::stale>({"--quiet", path("a.ops")}), 1);
  EXPECT_EQ(out_, "diverged  " + path("a.ops") + " (T1 get: get found)\n");
}

TEST_F(ReplayTest, AWrongExpectationExitsOneAndShowsWhereItWas) {
  write("a.ops", "pagetwin 1 toy\nput key=0x5000 value=1\nget key=0x5000 -> missing\n");
  EXPECT_EQ(replay<Plant::none>({path("a.ops")}), 1);
  EXPECT_NE(out_.find("get answered \"ok found\", the trace expects \"missing\""), std::string::npos);
  EXPECT_NE(out_.find("address 0x5000"), std::string::npos);
  EXPECT_EQ(out_.find("scripts/minimize"), std::string::npos)
      << "removing operations changes what is expected";
  EXPECT_EQ(replay<Plant::none>({"--minimize", path("a.ops")}), 2);
  EXPECT_NE(errors_.find("only what the trace expects of an operation differs"), std::string::npos);
}

TEST_F(ReplayTest, DirectoriesAreSearchedAndOneBadFileExitsTwo) {
  write("d/one.ops", stale);
  write("d/e/two", std::string_view("\x01\0\0\0", 4));
  EXPECT_EQ(replay<Plant::none>({"--quiet", path("d")}), 0);
  EXPECT_EQ(out_, "ok        " + path("d/e/two") + " (0 operations)\nok        " + path("d/one.ops")
                      + " (5 operations)\n");
  write("d/bad.ops", "pagetwin 1 toy\nnip\n");
  EXPECT_EQ(replay<Plant::none>({"--quiet", path("d")}), 2);
  EXPECT_EQ(errors_, path("d/bad.ops") + ":2:1: expected a verb (put, get, drop, size, nop), found 'nip'\n");
}

TEST_F(ReplayTest, AnEmptyOpsFileIsATextError) {
  write("empty.ops", "");
  EXPECT_EQ(replay<Plant::none>({path("empty.ops")}), 2);
  EXPECT_EQ(errors_, path("empty.ops") + ":1:1: expected 'pagetwin 1 toy', found the end of the file\n");
}

TEST_F(ReplayTest, AMissingFileExitsTwo) {
  EXPECT_EQ(replay<Plant::none>({path("none.ops")}), 2);
  EXPECT_EQ(errors_, path("none.ops") + ": cannot be read: No such file or directory\n");
}

TEST_F(ReplayTest, MinimiseWritesTheShortestTrace) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::stale>({"--minimize", path("a.ops"), "-o", path("b.ops")}), 0);
  EXPECT_EQ(read("b.ops"), "# T1 get: get found\npagetwin 1 toy\ntarget toy_store\nset capacity=1 seed=0\n"
                           "put key=0x0 value=0x0\nget key=0x0\ndrop key=0x0\nget key=0x0\n");
  EXPECT_EQ(replay<Plant::stale>({"--quiet", path("b.ops")}), 1);
}

TEST_F(ReplayTest, MinimiseOfACrashRunsInChildren) {
  write("a.ops", "pagetwin 1 toy\nset capacity=2\nnop\nput key=0x7000 value=0xdead\nget key=1\n");
  EXPECT_EQ(replay<Plant::dies>({"--minimize", path("a.ops"), "-o", path("b.ops")}), 0);
  const std::string text = read("b.ops");
  EXPECT_EQ(text.substr(text.find('\n') + 1),
            "pagetwin 1 toy\ntarget toy_store\nset capacity=1 seed=0\nput key=0x0 value=0xdead\n");
}

TEST_F(ReplayTest, MinimiseOfAPassingFileExitsTwo) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::none>({"--minimize", path("a.ops")}), 2);
  EXPECT_EQ(errors_, path("a.ops") + ": nothing to minimise: it neither diverges nor crashes\n");
}

TEST_F(ReplayTest, TextBecomesBytesAndTextAgain) {
  write("a.ops", stale);
  EXPECT_EQ(replay<Plant::none>({"--to-bytes", path("a.ops"), "-o", path("a")}), 0);
  EXPECT_EQ(read("a").size(), 6 * record_bytes) << "compact: no literals";
  EXPECT_EQ(replay<Plant::none>({"--to-text", path("a"), "-o", path("b.ops")}), 0);
  std::string expected(stale);
  EXPECT_EQ(read("b.ops"), expected.insert(expected.find('\n') + 1, "target toy_store\n"));
}

TEST_F(ReplayTest, ASwarmFindsThePlantAndKeepsItsTrace) {
  EXPECT_EQ(replay<Plant::stale>({"--swarm", "100", "--seed", "1", "--save", path("kept")}), 1);
  EXPECT_NE(out_.find("trace (4 of 256 operations;"), std::string::npos);
  const std::size_t at = out_.find("pagetwin: trace ") + 16;
  const std::string trace = out_.substr(at, out_.find('\n', at) - at);
  EXPECT_EQ(replay<Plant::stale>({"--quiet", trace}), 1);
}

TEST_F(ReplayTest, ASwarmWithoutPlantsCountsItsWork) {
  EXPECT_EQ(replay<Plant::none>({"--swarm", "20", "--ops", "10", "--seed", "5"}), 0);
  EXPECT_TRUE(out_.starts_with("pagetwin: executions=20 operations=200 seconds=")) << out_;
  EXPECT_TRUE(out_.ends_with(" seeds=5..24\n")) << out_;
}

TEST_F(ReplayTest, VerbsAreListed) {
  EXPECT_EQ(replay<Plant::none>({"--list-verbs"}), 0);
  const std::string number = "a number such as 12 or 0x1f, below 2^64\n";
  EXPECT_EQ(out_, "toy_store runs on the machine 'toy'\nset capacity=  " + number.substr(0, number.size() - 1)
                      + ", from 1 to 8\nset seed=  " + number
                      + "put key= value=\nget key=\ndrop key=\nsize key= size=\nnop\nkey=  " + number
                      + "value=  " + number + "size=  a size such as 4K, 2M or 0x3000, below 2^64\n");
}

} // namespace
} // namespace pagetwin::twin
