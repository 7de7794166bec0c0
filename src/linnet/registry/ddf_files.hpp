// SPDX-License-Identifier: Apache-2.0
// DDF files and folders of them, read as compact text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "linnet/registry/load_error.hpp"

namespace linnet::registry {

/// One definition file in the compact form.
struct DdfText {
  std::string file;
  std::string text;
};

inline constexpr std::size_t kMaxFilesPerFolder = 10000;

/// A regular file of at most kMaxDdfBytes. May throw std::bad_alloc.
[[nodiscard]] Loaded<DdfText> read_ddf_file(const std::filesystem::path& file);
/// Every `*.xml` of a folder in the order of the names, without OMA's companion lists. May throw
/// std::bad_alloc.
[[nodiscard]] Loaded<std::vector<DdfText>> read_ddf_folder(const std::filesystem::path& folder);

}  // namespace linnet::registry
