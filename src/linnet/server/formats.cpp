// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/formats.hpp"

namespace linnet::server {
namespace {

using lwm2m::ContentFormat;
using lwm2m::DataType;

/// A format that holds several values and that the device speaks, best first (digest §3).
std::optional<ContentFormat> many_format(const DeviceFormats& device) noexcept {
  if (device.version == lwm2m::LwM2mVersion::k1_0) {
    constexpr std::array kOf10{ContentFormat::kTlv, ContentFormat::kOldTlv, ContentFormat::kJson,
                               ContentFormat::kOldJson};
    for (const ContentFormat format : kOf10) {
      if (device.registered.contains(format)) return format;
    }
    return ContentFormat::kTlv;
  }
  constexpr std::array kOf11{ContentFormat::kSenmlCbor, ContentFormat::kSenmlJson, ContentFormat::kTlv,
                             ContentFormat::kOldTlv,    ContentFormat::kJson,      ContentFormat::kOldJson};
  for (const ContentFormat format : kOf11) {
    if (device.registered.contains(format)) return format;
  }
  return std::nullopt;
}

/// A format for one value of that type, smallest first.
std::optional<ContentFormat> single_format(const DeviceFormats& device, DataType type) noexcept {
  if (type == DataType::kOpaque && device.may_speak(ContentFormat::kOpaque)) return ContentFormat::kOpaque;
  // Text has no short form for what is not a number or a word: an Opaque would be base64.
  const bool compact = type != DataType::kString && type != DataType::kBoolean && type != DataType::kObjlnk &&
                       type != DataType::kCorelnk && type != DataType::kNone;
  if (compact && device.registered.contains(ContentFormat::kCbor)) return ContentFormat::kCbor;
  if (device.may_speak(ContentFormat::kText)) return ContentFormat::kText;
  if (device.registered.contains(ContentFormat::kCbor)) return ContentFormat::kCbor;
  return std::nullopt;
}

}  // namespace

bool DeviceFormats::may_speak(ContentFormat format) const noexcept {
  if (registered.contains(format)) return true;
  if (!registered.empty()) return false;
  // Nothing was said: what the version takes for granted.
  if (format == ContentFormat::kText || format == ContentFormat::kOpaque ||
      format == ContentFormat::kLinkFormat) {
    return true;
  }
  if (version == lwm2m::LwM2mVersion::k1_0) return format == ContentFormat::kTlv;
  return format == ContentFormat::kSenmlCbor || format == ContentFormat::kSenmlJson;
}

DeviceFormats formats_of(const Registration& registration) noexcept {
  DeviceFormats device;
  device.version = registration.version;
  if (const auto root = registration.objects.root()) device.registered = root->formats;
  return device;
}

std::optional<ContentFormat> read_format(const DeviceFormats& device, const lwm2m::Path& path,
                                         const lwm2m::ResourceModel* resource) noexcept {
  const bool one = path.level() == lwm2m::Level::kResourceInstance ||
                   (path.level() == lwm2m::Level::kResource && (resource == nullptr || !resource->multiple));
  if (one && device.version == lwm2m::LwM2mVersion::k1_0) return std::nullopt;
  if (one && resource != nullptr) {
    const auto format = single_format(device, resource->type);
    // Where nothing was registered the device answers in what suits the type by itself.
    if (format && device.registered.contains(*format)) return format;
  }
  return many_format(device);
}

std::optional<ContentFormat> composite_format(const DeviceFormats& device) noexcept {
  if (device.version == lwm2m::LwM2mVersion::k1_0) return std::nullopt;
  if (device.may_speak(ContentFormat::kSenmlCbor)) return ContentFormat::kSenmlCbor;
  if (device.may_speak(ContentFormat::kSenmlJson)) return ContentFormat::kSenmlJson;
  return std::nullopt;
}

ContentFormat write_format(const DeviceFormats& device, const lwm2m::Path& path, DataType type,
                           bool multiple) noexcept {
  const bool one = path.level() == lwm2m::Level::kResourceInstance ||
                   (path.level() == lwm2m::Level::kResource && !multiple);
  if (one) {
    if (const auto format = single_format(device, type)) return *format;
  }
  return many_format(device).value_or(
      device.version == lwm2m::LwM2mVersion::k1_0 ? ContentFormat::kTlv : ContentFormat::kSenmlCbor);
}

Result<void> decode_payload(ContentFormat format, const lwm2m::Path& path, ByteView payload, ModelOf model_of,
                            ByteSpan scratch, lwm2m::RecordSink sink) noexcept {
  const auto type_of = [&](const lwm2m::Path& at) {
    const lwm2m::ObjectModel* model = at.depth() < 3 ? nullptr : model_of(at.object());
    if (model == nullptr) return DataType::kNone;
    const lwm2m::ResourceModel* resource = model->find(at.resource());
    return resource == nullptr ? DataType::kNone : resource->type;
  };
  return lwm2m::decode(format, path, payload, type_of, scratch, sink);
}

}  // namespace linnet::server
