// A program that works for this one: it dies with it, however it dies, and every wait for it is bounded. The
// two tell each other single bytes over a socket. It refuses to know what the program is.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace pagetwin::emulators {

// Nothing, where it is in no folder of PATH.
[[nodiscard]] std::string find_program(std::string_view name);

class SideProcess {
 public:
  // Between these two ends bytes go; the program gets the number of its end on its command line.
  struct Channel {
    Channel();
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    void close_theirs();
    int ours, theirs;
  };

  // `inherited`: descriptors that the program keeps besides its end of the channel. The program also dies
  // when the thread that called this ends.
  SideProcess(std::vector<std::string> arguments, std::span<const int> inherited, Channel& channel);
  ~SideProcess();
  SideProcess(const SideProcess&) = delete;
  SideProcess& operator=(const SideProcess&) = delete;

  // Throws std::runtime_error, with what the program printed, if it died or took longer than this.
  void expect_byte(std::chrono::milliseconds limit, const char* what);
  void send_byte();
  [[nodiscard]] pid_t id() const { return process_; }

 private:
  [[noreturn]] void fail(const std::string& what);

  std::string program_;
  Channel* channel_;
  int errors_; // a file without a name that the program prints into
  pid_t process_;
};

} // namespace pagetwin::emulators
