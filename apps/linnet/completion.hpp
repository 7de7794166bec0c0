// SPDX-License-Identifier: Apache-2.0
// Completion scripts for shells: commands, options and the endpoint names of the running server.
#pragma once

#include <string>
#include <string_view>

namespace linnet::cli {

/// The script for "bash", "zsh" or "fish", to be sourced; empty for another shell.
[[nodiscard]] std::string completion_script(std::string_view shell);

}  // namespace linnet::cli
