// SPDX-License-Identifier: Apache-2.0
// A registration as the store keeps it: what the server engine must find again after a restart, and
// the only place where its form is written down.
//
//   'R' · version 1 · id: 6 bytes · lifetime: 4 · registered, Unix seconds: 8 · LwM2M version: 1
//   (0 is 1.0, 1 is 1.1) · binding: 1 · endpoint name: length 1, bytes · address: length 1, bytes ·
//   extra parameters: length 2, bytes · compact object list: length 2, bytes · CRC-32 of all before: 4
//
// Numbers are big endian.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/base/time.hpp"
#include "linnet/server/registration_table.hpp"

namespace linnet::server {

struct RegistrationRecord {
  RegistrationId id;
  UnixTime registered;
  ByteView address;  ///< as LinkDirectory gave it, empty for none
  RegistrationContent content;
};

/// The bytes written, or kNoSpace.
[[nodiscard]] Result<std::size_t> encode_record(const RegistrationRecord& record, ByteSpan out) noexcept;
/// Views into `bytes`, all of it checked. kTruncated or kMalformed for damage, kUnsupported for a
/// version that is not known.
[[nodiscard]] Result<RegistrationRecord> decode_record(ByteView bytes) noexcept;

}  // namespace linnet::server
