// See files.hpp.
#include "fuzz/twin/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace pagetwin::twin {
namespace {

namespace fs = std::filesystem;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

FileError failure(const std::string& path, const std::string& what) {
  return {path + ": " + what + ": " + std::strerror(errno)};
}

} // namespace

std::variant<std::string, FileError> read_file(const std::string& path, std::size_t most_bytes) {
  const File file(std::fopen(path.c_str(), "rbe"));
  if (!file)
    return failure(path, "cannot be read");
  std::string content;
  std::array<char, 1U << 16U> buffer{};
  while (std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
    content.append(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file.get()));
    if (content.size() > most_bytes)
      return FileError{path + ": expected at most " + std::to_string(most_bytes) + " bytes, found more"};
  }
  if (std::ferror(file.get()) != 0)
    return failure(path, "cannot be read");
  return content;
}

std::optional<FileError> write_file(const std::string& path, std::string_view content) {
  if (path == "-") {
    std::fwrite(content.data(), 1, content.size(), stdout);
    return std::fflush(stdout) == 0 ? std::nullopt
                                    : std::optional(failure("standard output", "cannot be written"));
  }
  std::error_code ignored; // fopen will say what is wrong
  if (const fs::path parent = fs::path(path).parent_path(); !parent.empty())
    fs::create_directories(parent, ignored);
  File file(std::fopen(path.c_str(), "wbe"));
  if (!file)
    return failure(path, "cannot be written");
  const bool whole = std::fwrite(content.data(), 1, content.size(), file.get()) == content.size();
  if (std::fclose(file.release()) != 0 || !whole)
    return failure(path, "cannot be written");
  return std::nullopt;
}

std::variant<std::vector<std::string>, FileError> list_files(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    return std::vector<std::string>{path};
  std::vector<std::string> files;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_regular_file(error))
      files.push_back(entry->path().string());
  }
  if (error)
    return FileError{path + ": cannot be listed: " + error.message()};
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace pagetwin::twin
