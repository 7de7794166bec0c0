// SPDX-License-Identifier: Apache-2.0
// Whether and how the operation of a request waits for its device (docs/api.md, "Queue mode").
#pragma once

#include <optional>
#include <string_view>

#include "linnet/api/http.hpp"
#include "linnet/api/problem.hpp"
#include "linnet/net/device.hpp"
#include "linnet/server/queued_operation.hpp"

namespace linnet::api {

struct QueueWish {
  server::Hold hold;
  Millis wait{0};  ///< how long the request waits for the result before it is answered 202
};

struct WaitBounds {
  Seconds most;      ///< that a request may wait
  Millis otherwise;  ///< for a device that is awake, where the request does not say
};

/// From `?queue=`, `?wait=`, `?unanswered=` and the Prefer header (RFC 7240). Nothing: it is sent at once and
/// never held.
[[nodiscard]] OrProblem<std::optional<QueueWish>> queue_wish(const HttpRequest& request,
                                                             const net::Device& device, WaitBounds bounds);

/// `?wait=` alone, 0 where it is absent.
[[nodiscard]] OrProblem<Millis> wait_of(const HttpRequest& request, Seconds most);

/// 16 hexadecimal digits.
[[nodiscard]] std::string queued_id_text(server::QueuedId id);
[[nodiscard]] std::optional<server::QueuedId> parse_queued_id(std::string_view text);

}  // namespace linnet::api
