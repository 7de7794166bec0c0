// SPDX-License-Identifier: Apache-2.0
// The texts of models/, built into the program.
#pragma once

#include <string_view>

namespace linnet::registry {

/// All objects in the compact form (docs/models.md); lives as long as the program.
[[nodiscard]] std::string_view embedded_models() noexcept;

}  // namespace linnet::registry
