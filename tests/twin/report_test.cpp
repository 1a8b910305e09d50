// The report: everything that a person needs, in the order of report.hpp.
#include "fuzz/twin/build_info.hpp"
#include "fuzz/twin/findings.hpp"
#include "fuzz/twin/report.hpp"
#include "tests/twin/toy_machine.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

using toy::op;
using toy::Plant;

std::string build_lines() {
  const BuildInfo info = build_info();
  return "commit    " + std::string(info.commit) + "\ncompiler  " + std::string(info.compiler)
         + "\nflags     " + std::string(info.flags) + "\n";
}

TEST(Report, HasEveryPartInOrder) {
  toy::ToyMachine machine(Plant::stale);
  const Program program{{1, 0},
                        {op(toy::put, 0), op(toy::get, 0), op(toy::drop, 0), op(toy::nop), op(toy::get, 0)}};
  auto report = make_report(machine, toy::target_with<Plant::stale>(), program);
  ASSERT_TRUE(report);
  report->original_ops = 57;
  report->files = {{"input", "crash-1"}, {"trace", "out/a.ops", "toy_store"}};
  report->executable = "bin/toy_replay";
  report->seed = 12;
  EXPECT_EQ(render(*report),
            "pagetwin: toy_store: T1 get: found a key that is not there, at operation 5 (get), address 0x0\n"
            "\n"
            "optimized  found\n"
            "model      missing\n"
            "\n"
            "trace (5 of 57 operations; => diverges, -> touched the address last)\n"
            "          set capacity=1 seed=0\n"
            "       1  put key=0x0 value=0x0 -> ok\n"
            "       2  get key=0x0 -> ok found\n"
            " ->    3  drop key=0x0 -> ok\n"
            "       4  nop -> ok\n"
            " =>    5  get key=0x0 -> ok found\n"
            "\n"
            "the model has nothing\n"
            "\n"
            "pagetwin: signature T1 get: get found\n"
            "pagetwin: input crash-1\n"
            "pagetwin: trace out/a.ops\n"
            "\n"
            "replay    scripts/replay out/a.ops\n"
            "minimise  scripts/minimize out/a.ops\n"
            "debug     gdb --args bin/toy_replay out/a.ops\n"
            "test      install -D -m 644 out/a.ops -t corpus/toy_store/regress\n"
                + build_lines() + "seed      12: bin/toy_replay --seed 12 --ops 57\n");
}

// What ran is what --target said, if a file says another target or none; the commands have to say it again.
TEST(Report, NamesTheTargetThatAFileDoesNotSay) {
  toy::ToyMachine machine(Plant::stale);
  auto report = make_report(machine, toy::target_with<Plant::stale>(), toy::noisy_stale_program());
  ASSERT_TRUE(report);
  const auto commands = [&report](Artifact file) {
    report->files = {std::move(file)};
    const std::string text = render(*report);
    const std::size_t begin = text.find("replay    ");
    return text.substr(begin, text.find("commit    ") - begin);
  };
  const std::string named = "replay    scripts/replay --target toy_store a.ops\n"
                            "minimise  scripts/minimize --target toy_store a.ops\n";
  const std::string test = "test      install -D -m 644 a.ops -t corpus/toy_store/regress\n";
  EXPECT_EQ(commands({"input", "a.ops"}), named + test);
  EXPECT_EQ(commands({"input", "a.ops", "other"}), named);
  EXPECT_EQ(commands({"input", "crash-1"}), "replay    scripts/replay --target toy_store crash-1\n"
                                            "minimise  scripts/minimize --target toy_store crash-1\n");
}

TEST(Report, AtTheEndOfTheProgramPointsBehindIt) {
  toy::ToyMachine machine(Plant::at_end);
  const Program program{{4, 0}, {op(toy::put, 0x10000)}};
  const auto report = make_report(machine, toy::target_with<Plant::at_end>(), program);
  ASSERT_TRUE(report);
  const std::string text = render(*report);
  EXPECT_TRUE(text.starts_with(
      "pagetwin: toy_store: T2 contents: contents differ, after the last operation, address 0x10000\n"));
  EXPECT_NE(text.find(" ->    1  put key=0x10000 value=0x0 -> ok\n =>       (end of the program)\n"),
            std::string::npos);
}

TEST(Report, OfALongProgramShowsTheEndAndSaysSo) {
  toy::ToyMachine machine(Plant::stale);
  Program program{{4, 0}, std::vector<Op>(300, op(toy::nop))};
  const Program shortest{{},
                         {op(toy::put, 0), op(toy::get, 0), op(toy::drop, 0), op(toy::get, 0), op(toy::nop)}};
  program.ops.insert(program.ops.end(), shortest.ops.begin(), shortest.ops.end());
  const auto report = make_report(machine, toy::target_with<Plant::stale>(), program);
  ASSERT_TRUE(report);
  const std::string text = render(*report);
  EXPECT_NE(text.find("          (104 earlier operations)\n     105  nop -> ok\n"), std::string::npos);
  EXPECT_NE(text.find(" =>  304  get key=0x0 -> ok found\n          (1 later operations)\n"),
            std::string::npos);
}

TEST(Report, OfNoDivergenceIsNothing) {
  toy::ToyMachine machine;
  EXPECT_FALSE(make_report(machine, toy::target_with<Plant::none>(), toy::noisy_stale_program()));
}

TEST(Report, AsJsonIsOneEscapedLine) {
  Report report;
  report.target = "toy_store";
  report.schema = &toy::schema;
  report.divergence = {"T1 \"get\"", 0, 255, "tab\there", "", "key\\"};
  report.program.ops = {op(toy::nop)};
  report.original_ops = 9;
  report.files = {{"trace", "a.ops"}};
  EXPECT_EQ(render_json(report),
            "{\"target\":\"toy_store\",\"oracle\":\"T1 \\\"get\\\"\",\"signature\":\"T1 \\\"get\\\": "
            "key\\\\\",\"headline\":\"tab\\u0009here\",\"step\":1,\"ops\":1,\"original_ops\":9,"
            "\"address\":\"0xff\",\"commit\":\""
                + std::string(build_info().commit) + "\",\"files\":{\"trace\":\"a.ops\"}}\n");
}

} // namespace
} // namespace pagetwin::twin
