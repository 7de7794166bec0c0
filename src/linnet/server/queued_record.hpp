// SPDX-License-Identifier: Apache-2.0
// A queued operation as the store keeps it, and the only place where its form is written down.
//
//   'Q' · version 1 · id: 8 bytes · endpoint name: length 1, bytes · flags: 1 (1: was sent or may have
//   been, 2: fails where it is not answered, 4: has a format, 8: names an instance) · kind: 1 (OperationKind)
//   · format: 2 · timeout, milliseconds: 4 · path: depth 1, 2 for each · instance: 2, 2 ·
//   paths of a composite one: length 2, bytes
//   (path_list.hpp) · payload: length 4, bytes · Execute arguments: length 2, bytes · attributes: count 1,
//   each its name: 1, set: 1, value: 8 (IEEE 754) · CRC-32 of all before: 4
//
// Numbers are big endian.
#pragma once

#include <string_view>
#include <vector>

#include "linnet/server/owned_operation.hpp"
#include "linnet/server/queued_operation.hpp"

namespace linnet::server {

struct QueuedRecord {
  QueuedId id{};
  std::string_view endpoint;
  bool sent = false;
  Unanswered unanswered = Unanswered::kRepeat;
  Operation operation;
};

/// Replaces what is in `out`. kTooLarge for what the fields cannot hold.
[[nodiscard]] Result<void> encode_queued(const QueuedRecord& record, std::vector<std::uint8_t>& out) noexcept;

/// The record as its own; `endpoint` is a view into `bytes`.
struct DecodedQueued {
  QueuedId id{};
  std::string_view endpoint;
  bool sent = false;
  Unanswered unanswered = Unanswered::kRepeat;
  OwnedOperation operation;
};
/// kTruncated or kMalformed for damage and for an operation that cannot be or has more than `max_paths`,
/// kUnsupported for a version or a kind that is not known.
[[nodiscard]] Result<DecodedQueued> decode_queued(ByteView bytes, std::uint16_t max_paths) noexcept;

}  // namespace linnet::server
