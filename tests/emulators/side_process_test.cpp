// Programs beside this one: that nothing hangs when one of them dies or is silent, and that nothing is left
// when this one dies.
#include "tests/emulators/qemu_riscv_fixture.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pagetwin::emulators {
namespace {

TEST_F(QemuRiscvTest, AQemuThatDiesIsAnErrorAndTheNextWalkStartsAnother) {
  Tables t = tables(3);
  t.set(0, 0, pte(frame, R));
  const pid_t first = emulator().process_id();
  kill(first, SIGKILL);
  try {
    static_cast<void>(ask("riscv_sv39", t, kernel(Kind::read, 0)));
    ADD_FAILURE() << "expected an error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("qemu-system-riscv64"), std::string::npos) << error.what();
  }
  expect_ok(ask("riscv_sv39", t, kernel(Kind::read, 0)), frame);
  EXPECT_NE(emulator().process_id(), first);
}

// What is said of a program that sends no byte, behind its name.
std::string complaint(const std::string& program, const std::string& argument,
                      std::chrono::milliseconds limit) {
  SideProcess::Channel channel;
  SideProcess process({find_program(program), argument}, {}, channel);
  try {
    process.expect_byte(limit, "its guest was ready");
  } catch (const std::runtime_error& error) {
    return std::string(error.what()).substr(find_program(program).size());
  }
  return {};
}

TEST(SideProcessTest, AProgramThatSaysNothingIsAnError) {
  EXPECT_EQ(complaint("sleep", "1000", std::chrono::milliseconds(50)),
            " took more than 50 ms before its guest was ready, and printed nothing");
}

TEST(SideProcessTest, AProgramThatFailsIsQuoted) {
  const std::string said = complaint("ls", "--no-such-option", std::chrono::seconds(20));
  EXPECT_TRUE(said.starts_with(" died before its guest was ready: ")) << said;
  EXPECT_NE(said.find("no-such-option"), std::string::npos) << said;
  EXPECT_FALSE(said.ends_with("\n")) << said;
}

// A zombie is dead; whoever inherits it may not have looked yet.
bool lives(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string id, name, state;
  return file >> id >> name >> state && state != "Z" && state != "X";
}

bool ends_within(pid_t process, std::chrono::seconds limit) {
  for (const auto deadline = std::chrono::steady_clock::now() + limit;
       std::chrono::steady_clock::now() < deadline;) {
    if (!lives(process))
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool has_shared_memory_of_ours() {
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm"))
    if (entry.path().filename().string().find("pagetwin") != std::string::npos)
      return true;
  return false;
}

TEST_F(QemuRiscvTest, AKilledParentLeavesNoProcessAndNoFile) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    const pid_t qemu = emulator().process_id();
    if (write(pipe_ends[1], &qemu, sizeof qemu) == sizeof qemu)
      pause();
    _exit(1);
  }
  pid_t qemu = 0;
  ASSERT_EQ(read(pipe_ends[0], &qemu, sizeof qemu), ssize_t{sizeof qemu});
  EXPECT_TRUE(lives(qemu));
  EXPECT_FALSE(has_shared_memory_of_ours());
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_TRUE(ends_within(qemu, std::chrono::seconds(20)));
  EXPECT_FALSE(has_shared_memory_of_ours());
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST_F(QemuRiscvTest, ADestroyedEmulatorLeavesNoProcess) {
  Opened opened = open_qemu_riscv();
  const pid_t qemu = dynamic_cast<Qemu&>(*std::get<Oracle>(opened).emulator).process_id();
  EXPECT_TRUE(lives(qemu));
  opened = Absent{};
  EXPECT_FALSE(lives(qemu));
}

} // namespace
} // namespace pagetwin::emulators
