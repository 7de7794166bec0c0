// SPDX-License-Identifier: Apache-2.0
// An observation as the store keeps it, so that its notifications are known after a restart, and the
// only place where its form is written down.
//
//   'O' · version 1 · registration id: 6 bytes · observation id, which ends its token: 7 · Accept: 2
//   (65535 for none) · composite: 1 (0 or 1) · paths: length 2, then as path_list.hpp says ·
//   CRC-32 of all before: 4
//
// Numbers are big endian.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/server/operation.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::server {

struct ObservationRecord {
  RegistrationId registration;
  ObservationId id{};
  std::uint16_t accept = 0;  ///< as server::Observation has it
  Observed observed{lwm2m::Path()};
};

/// The bytes that a record of so many paths takes at most.
[[nodiscard]] std::size_t max_observation_record(std::size_t paths) noexcept;
/// The bytes written, or kNoSpace.
[[nodiscard]] Result<std::size_t> encode_record(const ObservationRecord& record, ByteSpan out) noexcept;
/// All of it checked; the paths of a composite one go into `paths`. kTruncated or kMalformed for damage,
/// kUnsupported for a version that is not known, kNoSpace for more paths than there is room for.
[[nodiscard]] Result<ObservationRecord> decode_observation(ByteView bytes,
                                                           std::span<lwm2m::Path> paths) noexcept;

}  // namespace linnet::server
