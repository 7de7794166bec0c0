// SPDX-License-Identifier: Apache-2.0
// One request to the API and what all commands do with its answer.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "commands.hpp"

namespace linnet::cli {

/// Beyond the time that the device has, the server gets this to say so.
inline constexpr std::chrono::seconds kServerMargin{10};

/// Prints a line on standard error and returns `code`.
int complain(const std::string& line, ExitCode code);
/// Text out of JSON that may lack it: a server of another version must not break a listing.
[[nodiscard]] std::string text(const nlohmann::json& object, const char* name);
[[nodiscard]] std::string shown(const nlohmann::json& value);
/// What a refusal says, as a line.
[[nodiscard]] std::string problem_line(const HttpResponse& response);

/// A request whose JSON answer `show` prints, unless the session wants the JSON itself.
[[nodiscard]] int ask(const Session& session, const std::string& method, const std::string& target,
                      const nlohmann::json& body, const std::function<void(const nlohmann::json&)>& show);

}  // namespace linnet::cli
