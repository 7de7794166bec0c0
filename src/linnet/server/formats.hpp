// SPDX-License-Identifier: Apache-2.0
// Which content format to speak with a device (Core 1.1 §7.4, digest §3), and payloads to and from
// records. Pure functions: any thread may use them, so that a shard need not encode or decode values.
#pragma once

#include <optional>

#include "linnet/base/function_ref.hpp"
#include "linnet/lwm2m/codec.hpp"
#include "linnet/lwm2m/object_model.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::server {

/// Where object definitions come from. Implementations must allow calls from any thread.
class Models {
 public:
  /// The definition, or null where it is not known. It outlives the engine.
  [[nodiscard]] virtual const lwm2m::ObjectModel* find(lwm2m::ObjectId object,
                                                       lwm2m::Version version) const noexcept = 0;

 protected:
  ~Models() = default;
};

/// What decides about formats: kept apart from the registration, so that it can be copied.
struct DeviceFormats {
  lwm2m::LwM2mVersion version = lwm2m::LwM2mVersion::k1_1;
  lwm2m::FormatSet registered;  ///< `ct` of the registration; empty where it named none

  [[nodiscard]] bool may_speak(lwm2m::ContentFormat format) const noexcept;
};
[[nodiscard]] DeviceFormats formats_of(const Registration& registration) noexcept;

/// The Accept of a Read or Observe, nothing to leave it to the device. `resource` is the model of
/// the resource that `path` names, null where it names more or is unknown.
[[nodiscard]] std::optional<lwm2m::ContentFormat> read_format(const DeviceFormats& device,
                                                              const lwm2m::Path& path,
                                                              const lwm2m::ResourceModel* resource) noexcept;
/// The format of a composite operation, nothing for a device that takes none: one of LwM2M 1.0, or one
/// that registered neither SenML CBOR nor SenML JSON.
[[nodiscard]] std::optional<lwm2m::ContentFormat> composite_format(const DeviceFormats& device) noexcept;
/// The format to write `path` in: the value of a single resource in text, opaque or CBOR, whatever
/// the device speaks and `type` is smallest in; all else in one that holds many.
[[nodiscard]] lwm2m::ContentFormat write_format(const DeviceFormats& device, const lwm2m::Path& path,
                                                lwm2m::DataType type, bool multiple) noexcept;

/// The definition of an object at a device, null where it is not known.
using ModelOf = FunctionRef<const lwm2m::ObjectModel*(lwm2m::ObjectId)>;

/// Decodes what came for `path` with the types of the models (where there is none: as the format itself
/// says).
[[nodiscard]] Result<void> decode_payload(lwm2m::ContentFormat format, const lwm2m::Path& path,
                                          ByteView payload, ModelOf model_of, ByteSpan scratch,
                                          lwm2m::RecordSink sink) noexcept;

}  // namespace linnet::server
