// SPDX-License-Identifier: Apache-2.0
// What came of an operation, and one that waits for its device, as owned values that may leave a
// shard's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "linnet/server/queued_operation.hpp"

namespace linnet::net {

/// What came of an operation; owns its bytes. `failure` also says what kept it from being sent:
/// kNotFound (no such device), kClosed (no link to it, or the server stops), kBusy,
/// kInvalidArgument, kExists (observed already), kTooLarge.
struct Outcome {
  std::optional<Errc> failure;
  server::OperationKind kind = server::OperationKind::kRead;
  lwm2m::Path path;
  coap::Code code{};  ///< without a failure: what the device answered, success or not
  std::optional<lwm2m::ContentFormat> format;
  std::vector<std::uint8_t> payload;
  std::optional<lwm2m::Path> created;  ///< Create: where the device or the operation names it
  std::optional<server::ObservationId> observation;

  [[nodiscard]] bool success() const noexcept { return !failure && coap::is_success(code); }
};

[[nodiscard]] Outcome owned(const server::OperationResult& result);

/// A queued operation as it was at one moment.
struct Queued {
  server::QueuedId id{};
  std::string endpoint;
  server::OperationKind kind = server::OperationKind::kRead;
  lwm2m::Path path;
  server::QueuedState state = server::QueuedState::kWaiting;
  server::QueuedReason reason = server::QueuedReason::kNone;
  server::Unanswered unanswered = server::Unanswered::kRepeat;
  std::uint32_t attempts = 0;
  UnixTime accepted;
  UnixTime expires;                       ///< of one that is not finished
  std::optional<Outcome> outcome;         ///< with kDone
  std::vector<lwm2m::Path> paths;         ///< of a composite operation
  std::vector<std::uint8_t> object_list;  ///< as Device::object_list, where the device is registered

  [[nodiscard]] bool finished() const noexcept { return server::is_finished(state); }
};

}  // namespace linnet::net
