// SPDX-License-Identifier: Apache-2.0
// The CoAP request of an operation (TS table 6.4.4-1, 6.4.5-1): method, path under the device's
// alternate path, query, formats; and what a Create answers.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "linnet/coap/endpoint.hpp"
#include "linnet/server/operation.hpp"

namespace linnet::server {

/// Whether the number names an OperationKind.
[[nodiscard]] bool is_operation_kind(std::uint8_t number) noexcept;
/// One whose paths are in the payload, not in the URI: that is the alternate path alone, or the root.
[[nodiscard]] bool is_composite(OperationKind kind) noexcept;

/// kInvalidArgument for a path that the operation cannot have, a Write or Create without a format, a
/// composite operation without a path or value, with more than `max_paths`, or in a format that is not SenML.
[[nodiscard]] Result<void> check_operation(const Operation& operation, std::uint16_t max_paths) noexcept;

/// Holds the texts that an OutgoingRequest points to. Not to be moved once it is built.
class DeviceRequest {
 public:
  /// `alternate_path` as registered ("/lwm2m", empty for none) and the operation's payload must
  /// outlive the request.
  DeviceRequest(OperationKind kind, std::string_view alternate_path, const lwm2m::Path& path) noexcept;
  DeviceRequest(const DeviceRequest&) = delete;
  DeviceRequest& operator=(const DeviceRequest&) = delete;

  /// One Uri-Query for each; more than there are attributes are left out.
  void attributes(std::span<const lwm2m::AttributeWrite> writes) noexcept;

  coap::OutgoingRequest request;

 private:
  static constexpr std::size_t kMaxSegments = lwm2m::kMaxAlternatePath / 2 + lwm2m::Path::kMaxDepth;
  static constexpr std::size_t kMaxQueries = lwm2m::kAttributeNames.size();

  std::array<std::uint8_t, lwm2m::Path::kMaxText> digits_;
  std::array<std::uint8_t, kMaxQueries * 48> queries_text_;
  std::array<std::string_view, kMaxSegments> segments_;
  std::array<std::string_view, kMaxQueries> queries_;
};

/// The instance that a 2.01 names in its Location-Path, under an alternate path or not.
[[nodiscard]] std::optional<lwm2m::Path> created_instance(const lwm2m::Path& object,
                                                          const coap::Options& options) noexcept;

}  // namespace linnet::server
