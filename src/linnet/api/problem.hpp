// SPDX-License-Identifier: Apache-2.0
// Errors of the API as RFC 7807 problem documents (docs/api.md, "Errors").
#pragma once

#include <expected>
#include <string>

#include "linnet/api/http.hpp"
#include "linnet/base/result.hpp"
#include "linnet/coap/code.hpp"

namespace linnet::api {

struct Problem {
  unsigned status = 500;
  std::string title;
  std::string detail;
  std::string coap{};   ///< "4.05" where a device answered
  std::string allow{};  ///< the methods that a 405 names
};

template <typename T>
using OrProblem = std::expected<T, Problem>;

[[nodiscard]] std::unexpected<Problem> bad_request(std::string detail);

/// "4.05", and "4.05 Method Not Allowed".
[[nodiscard]] std::string code_text(coap::Code code);
[[nodiscard]] std::string code_phrase(coap::Code code);

/// What a device's error answer becomes.
[[nodiscard]] Problem device_refused(coap::Code code, const std::string& path);
/// What an operation that got no answer becomes; `why` as net::Outcome::failure.
[[nodiscard]] Problem no_answer(Errc why, const std::string& endpoint, const std::string& path);
/// What a call becomes that the server itself does not take: it stops, or too much is under way.
[[nodiscard]] Problem not_taken(Errc why);
[[nodiscard]] Problem unknown_device(const std::string& endpoint);

[[nodiscard]] HttpResponse to_response(const Problem& problem);

}  // namespace linnet::api
