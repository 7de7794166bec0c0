// SPDX-License-Identifier: Apache-2.0
// Bootstrap configurations and results as the store keeps them, by name and by endpoint name; the
// only place where their forms are written down. Framed as record_fields.hpp says, numbers big endian.
//
//   'B' · version 1 · endpoints · discover · read · deletions · writes
//     each a count of 2 bytes, then: endpoint: length 1, text · path: depth 1, 2 bytes a segment ·
//     write: path, count 2, records: path, value
//   'b' · version 1 · configuration: length 1, text · ending 1 · step · code 1 · failure 1 · at, Unix
//     seconds: 8 · took, ms: 4 · written 2 · unchanged 2 · answers: count 2, then
//     step, code 1, format 2 (65535: none), payload: length 2, bytes
//     step: verb 1, path
//   value: type 1, then nothing (kNone), length 4 and bytes (text, Opaque), or 8 bytes
#pragma once

#include "linnet/server/bootstrap_configuration.hpp"
#include "linnet/server/bootstrap_result.hpp"

namespace linnet::server {

/// Larger than one record of the store may be: kTooLarge.
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_record(const BootstrapConfiguration& configuration);
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_record(const BootstrapResult& result);

/// kTruncated or kMalformed for damage, kUnsupported for another version. What a configuration says
/// is to be held against the models by check_configuration.
[[nodiscard]] Result<BootstrapConfiguration> decode_configuration(std::string_view name, ByteView record);
[[nodiscard]] Result<BootstrapResult> decode_result(std::string_view endpoint, ByteView record);

}  // namespace linnet::server
