// The file that QEMU logs into: read once, and given back.
#include "fuzz/emulators/guest_log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pagetwin::emulators {
namespace {

// As the program beside this one does: it opens the file anew.
class Writer {
 public:
  explicit Writer(const GuestLog& log) : file_(open(log.path().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC)) {}
  ~Writer() { close(file_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  void write(const std::string& text) const {
    ASSERT_EQ(::write(file_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  int file_;
};

TEST(GuestLogTest, TellsWhatIsNew) {
  GuestLog log;
  const Writer writer(log);
  EXPECT_EQ(log.take(), "");
  writer.write("one\n");
  writer.write("two\n");
  EXPECT_EQ(log.take(), "one\ntwo\n");
  EXPECT_EQ(log.take(), "");
  writer.write("three\n");
  EXPECT_EQ(log.take(), "three\n");
}

TEST(GuestLogTest, DoesNotGrow) {
  GuestLog log;
  const Writer writer(log);
  const std::string text(5000, 'x');
  for (unsigned i = 0; i < 1000; ++i) {
    writer.write(text);
    ASSERT_EQ(log.take(), text);
  }
  struct stat status{};
  ASSERT_EQ(fstat(log.descriptor(), &status), 0);
  EXPECT_LE(status.st_blocks * 512, 2 * 4096);
}

} // namespace
} // namespace pagetwin::emulators
