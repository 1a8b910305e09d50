// What is below the guest that makes accesses: that no guest can keep this process waiting, and that a
// device that is no KVM is named. Not built where KVM is left out.
#include "fuzz/emulators/kvm_guest.hpp"
#include "fuzz/emulators/oracles.hpp"
#include "tests/emulators/fixture.hpp"

#include <algorithm>

namespace pagetwin::emulators {
namespace {

using namespace x86_entry;

void expect_absent(const Opened& opened, const std::string& emulator, const std::string& reason) {
  ASSERT_TRUE(std::holds_alternative<Absent>(opened));
  EXPECT_EQ(std::get<Absent>(opened).emulator, emulator);
  EXPECT_NE(std::get<Absent>(opened).reason.find(reason), std::string::npos)
      << std::get<Absent>(opened).reason;
}

TEST(KvmDeviceTest, OneThatDoesNotOpenIsAbsentWithTheReason) {
  expect_absent(open_kvm("/no/kvm"), "kvm", "/no/kvm does not open: No such file or directory");
  expect_absent(open_kvm_la57("/no/kvm"), "kvm-la57", "/no/kvm does not open: No such file or directory");
}

TEST(KvmDeviceTest, OneThatIsNoKvmIsAbsentWithTheReason) {
  expect_absent(open_kvm("/dev/null"), "kvm", "/dev/null does not answer as KVM");
}

// Else a harness that is broken would look like a machine without KVM, and all its tests would be skipped.
// Of a host that nobody here has seen only those can say which it is who insist on KVM.
TEST(KvmDeviceTest, WhereAGuestCanBeMadeItRuns) {
  const Opened opened = open_kvm();
  if (const auto* absent = std::get_if<Absent>(&opened)) {
    if constexpr (PAGETWIN_KVM_INSISTED)
      FAIL() << absent->reason;
    GTEST_SKIP() << "kvm: " << absent->reason;
  }
}

// Four nodes that map one page of code at 0, which the kernel runs without exceptions.
class KvmProcessorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = kvm_absence("/dev/kvm"))
      GTEST_SKIP() << "kvm: " << *reason;
    processor_ = std::make_unique<KvmProcessor>("/dev/kvm");
    for (std::size_t node = 0; node < 4; ++node)
      put(node * page, (node + 1) * page | P | RW | US | A | (node == 3 ? D : 0));
    processor_->map(0, 0, memory_.part(0, memory_.size()));
  }
  [[nodiscard]] KvmProcessor::Stop run(std::initializer_list<std::uint8_t> code,
                                       std::chrono::milliseconds limit) {
    std::ranges::transform(code, memory_.begin() + 4 * page,
                           [](std::uint8_t byte) { return std::byte{byte}; });
    EXPECT_TRUE(processor_->set({0, 0, 0, 0, 4}));
    const Deadline deadline(limit);
    return processor_->run({0, 0, 0, 0, 0x10}, false, deadline);
  }
  void expect_error(std::initializer_list<std::uint8_t> code, const std::string& what) {
    try {
      static_cast<void>(run(code, std::chrono::milliseconds(100)));
      ADD_FAILURE() << "expected an error: " << what;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    }
  }

 private:
  static constexpr std::size_t page = 4096;
  void put(std::size_t offset, std::uint64_t word) {
    std::memcpy(memory_.begin() + offset, &word, sizeof word);
  }

  HostMemory memory_{5 * page};
  std::unique_ptr<KvmProcessor> processor_;
};

TEST_F(KvmProcessorTest, SaysWhereItHalted) {
  const auto stop = run({0x90, 0xf4}, std::chrono::seconds(20)); // nop, hlt
  EXPECT_EQ(stop.why, KvmProcessor::Why::halted);
  EXPECT_EQ(stop.rip, 2U);
  EXPECT_EQ(stop.touched, std::nullopt);
}

TEST_F(KvmProcessorTest, AGuestThatDoesNotEndIsStopped) {
  expect_error({0xeb, 0xfe}, "took too long"); // jmp to itself
  EXPECT_EQ(run({0xf4}, std::chrono::seconds(20)).rip, 1U);
}

TEST_F(KvmProcessorTest, AGuestThatFailsIsAnErrorWithItsReason) {
  expect_error({0x0f, 0x0b}, "exit 8"); // ud2 without a handler: shut down
}

TEST_F(KvmProcessorTest, ATimeThatIsOverBeforeItRunsIsAnErrorToo) {
  EXPECT_THROW(static_cast<void>(run({0xeb, 0xfe}, std::chrono::milliseconds(1))), std::runtime_error);
}

} // namespace
} // namespace pagetwin::emulators
