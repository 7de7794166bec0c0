// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/path_names.hpp"

namespace linnet::registry {

std::vector<std::string> path_names(std::string_view path) {
  constexpr std::size_t kBeforeResource = 2;
  constexpr std::string_view kDigits = "0123456789";
  std::vector<std::string> names;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (!path.empty() && names.size() < kBeforeResource) {
    const std::size_t slash = path.find('/');
    names.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return names;
  const std::size_t last = path.rfind('/');
  const std::string_view number = last == std::string_view::npos ? std::string_view{} : path.substr(last + 1);
  if (number.empty() || number.find_first_not_of(kDigits) != std::string_view::npos) {
    names.emplace_back(path);
  } else {
    names.emplace_back(path.substr(0, last));
    names.emplace_back(number);
  }
  return names;
}

}  // namespace linnet::registry
