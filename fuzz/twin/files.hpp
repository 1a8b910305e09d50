// Files as whole strings, with the reason when it did not work. It refuses to know what is in them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pagetwin::twin {

struct FileError {
  std::string message; // "a.ops: cannot be read: No such file or directory"
};

[[nodiscard]] std::variant<std::string, FileError> read_file(const std::string& path, std::size_t most_bytes);
// "-" is standard output. Makes the directory when it is missing.
[[nodiscard]] std::optional<FileError> write_file(const std::string& path, std::string_view content);
// The file itself, or every regular file below the directory in the order of their names.
[[nodiscard]] std::variant<std::vector<std::string>, FileError> list_files(const std::string& path);

} // namespace pagetwin::twin
