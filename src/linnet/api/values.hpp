// SPDX-License-Identifier: Apache-2.0
// Values as JSON (docs/api.md, "Objects"): out of payloads by name, type and units, and into them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/api/problem.hpp"
#include "linnet/base/time.hpp"
#include "linnet/lwm2m/codec.hpp"
#include "linnet/lwm2m/object_model.hpp"
#include "linnet/server/formats.hpp"
#include "linnet/server/owned_value.hpp"

namespace linnet::api {

using server::OwnedRecord;
using server::OwnedValue;

[[nodiscard]] std::string path_text(const lwm2m::Path& path);
/// Each as text, in an array.
[[nodiscard]] nlohmann::json paths_json(std::span<const lwm2m::Path> paths);
/// "2026-01-31T12:00:00Z".
[[nodiscard]] std::string time_text(UnixTime time);
/// A SenML time that came at `now` (RFC 8428 §4.5.3: relative to it below 2^28) in that form, with
/// milliseconds where there are any.
[[nodiscard]] std::string senml_time_text(double time, UnixTime now);

[[nodiscard]] nlohmann::json to_json(const lwm2m::Value& value);
/// `type` kNone: what the JSON itself says. `where` names the value in the error.
[[nodiscard]] OrProblem<OwnedValue> from_json(const nlohmann::json& json, lwm2m::DataType type,
                                              const std::string& where);

/// The body of a request; null for an empty one.
[[nodiscard]] OrProblem<nlohmann::json> parse_body(const std::string& text);

/// A body of Write or Create as records below `base` (an instance, a resource, a resource instance).
/// `model` null: types are what the JSON says.
[[nodiscard]] OrProblem<std::vector<OwnedRecord>> read_body(const nlohmann::json& body,
                                                            const lwm2m::Path& base,
                                                            const lwm2m::ObjectModel* model);

/// Records as a payload for a message to `base`.
[[nodiscard]] OrProblem<std::vector<std::uint8_t>> encode_records(const std::vector<OwnedRecord>& records,
                                                                  const lwm2m::Path& base,
                                                                  lwm2m::ContentFormat format);

/// A payload that came for `path` (the root for a composite operation or Send) at `now` as the list `values`
/// of an answer, times of records as calendar times. A payload that does not decode is a 502.
[[nodiscard]] OrProblem<nlohmann::json> values_json(lwm2m::ContentFormat format, const lwm2m::Path& path,
                                                    ByteView payload, server::ModelOf model_of, UnixTime now);

/// The links of a Discover answer; nothing where they do not read.
[[nodiscard]] std::optional<nlohmann::json> links_json(ByteView payload);

}  // namespace linnet::api
