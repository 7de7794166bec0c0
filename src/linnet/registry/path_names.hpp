// SPDX-License-Identifier: Apache-2.0
// Paths as people write them, with names of the model for numbers: "/3303/0/5700", "Light Control/0/On/Off".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace linnet::registry {

/// Object, instance, resource and resource instance, as far as they are there; a slash in front or at the
/// end means nothing. A resource's name may hold slashes itself: it is what stands between the instance
/// and the number at the end, if there is one.
[[nodiscard]] std::vector<std::string> path_names(std::string_view path);

}  // namespace linnet::registry
