// SPDX-License-Identifier: Apache-2.0
// One request to the API and what all commands do with its answer.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
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

/// All of a file, `-` standard input; nothing where it cannot be read.
[[nodiscard]] std::optional<std::string> file_contents(const std::string& file);

struct RequestBody {
  std::string content = {};
  const char* type = "application/json";
};
/// The status of an operation that the session leaves in the queue (Session::no_wait).
inline constexpr unsigned kLeftWaiting = 202;
/// A request and its answer. Where the operation has to wait for its device, this says so and waits for the
/// result, unless the session leaves it in the queue. The error is a line for people.
[[nodiscard]] std::expected<HttpResponse, std::string> fetch(const Session& session,
                                                             const std::string& method,
                                                             const std::string& target,
                                                             const RequestBody& body = {});
/// Prints what a kLeftWaiting says; kDone.
int left_waiting(const Session& session, const HttpResponse& response);

/// A request whose JSON answer `show` prints, unless the session wants the JSON itself.
[[nodiscard]] int ask(const Session& session, const std::string& method, const std::string& target,
                      const nlohmann::json& body, const std::function<void(const nlohmann::json&)>& show);

}  // namespace linnet::cli
