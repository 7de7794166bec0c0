// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/ddf_files.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "linnet/registry/ddf.hpp"

namespace linnet::registry {
namespace {

namespace fs = std::filesystem;

std::unexpected<LoadError> refuse(const fs::path& path, std::string reason) {
  return std::unexpected(LoadError{path.string(), 0, std::move(reason)});
}

Loaded<std::string> read_bytes(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return refuse(file, error ? error.message() : "not a regular file");
  const auto size = fs::file_size(file, error);
  if (error) return refuse(file, error.message());
  if (size > kMaxDdfBytes)
    return refuse(file, "the file is larger than " + std::to_string(kMaxDdfBytes) + " bytes");
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(size, '\0');
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(size)))
    return refuse(file, "the file cannot be read");
  return bytes;
}

/// The XML files of a folder, in the order of their names.
Loaded<std::vector<fs::path>> list_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() != ".xml") continue;
    if (files.size() >= kMaxFilesPerFolder) return refuse(folder, "the folder has too many files");
    files.push_back(entry->path());
  }
  if (error) return refuse(folder, error.message());
  std::ranges::sort(files);
  return files;
}

}  // namespace

Loaded<DdfText> read_ddf_file(const fs::path& file) {
  auto xml = read_bytes(file);
  if (!xml) return std::unexpected(std::move(xml.error()));
  auto text = read_ddf(*xml, file.string());
  if (!text) return std::unexpected(std::move(text.error()));
  return DdfText{file.string(), std::move(*text)};
}

Loaded<std::vector<DdfText>> read_ddf_folder(const fs::path& folder) {
  auto files = list_folder(folder);
  if (!files) return std::unexpected(std::move(files.error()));
  std::vector<DdfText> texts;
  for (const fs::path& file : *files) {
    auto xml = read_bytes(file);
    if (!xml) return std::unexpected(std::move(xml.error()));
    auto text = read_ddf(*xml, file.string());
    if (text) {
      texts.push_back({file.string(), std::move(*text)});
    } else if (!is_companion_ddf(*xml)) {
      return std::unexpected(std::move(text.error()));
    }
  }
  return texts;
}

}  // namespace linnet::registry
