// SPDX-License-Identifier: Apache-2.0
// BinaryAppDataContainer, object 19 version 1.0: messages of an application, from the device or for it.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// Data Priority, 19/x/1; 101 to 254 are the application's own.
enum class DataPriority : std::uint8_t { kImmediate = 0, kBestEffort = 1, kLatest = 2 };

/// Room for so many messages of so many bytes each.
template <std::size_t kMessages, std::size_t kBytes>
struct BinaryAppDataInstance {
  using Message = Bytes<kBytes>;
  using Label = Text<32>;

  Multiple<Message, kMessages> data;
  std::optional<std::int16_t> priority;  ///< a DataPriority
  std::optional<UnixTime> creation_time;
  std::optional<Label> description, format;
  std::optional<std::int32_t> app_id;

  static constexpr ObjectId kId = 19;
  using Self = BinaryAppDataInstance;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&Self::data>(0, Operations::kRW, Presence::kMandatory),
        resource<&Self::priority>(1, Operations::kRW, Presence::kOptional, in_range<0, 254>),
        resource<&Self::creation_time>(2, Operations::kRW),
        resource<&Self::description>(3, Operations::kRW),
        resource<&Self::format>(4, Operations::kRW),
        resource<&Self::app_id>(5, Operations::kRW, Presence::kOptional, in_range<0, UINT16_MAX>)};
  }
};

template <std::size_t N, std::size_t kMessages = 4, std::size_t kBytes = 128>
using BinaryAppDataObject = Instances<BinaryAppDataInstance<kMessages, kBytes>, N, Creation::kByServers>;

/// A message of the device: in the lowest place that is free, or alone where the priority is kLatest.
/// False, and nothing changed: no such instance, no room, or longer than kBytes.
template <std::size_t N, std::size_t kMessages, std::size_t kBytes>
bool post(BinaryAppDataObject<N, kMessages, kBytes>& object, InstanceId instance, ByteView message,
          UnixTime created) noexcept {
  using Instance = BinaryAppDataInstance<kMessages, kBytes>;
  const Instance* at = object.get(instance);
  if (at == nullptr || message.size() > kBytes) return false;
  auto data = at->data;
  if (at->priority == static_cast<std::int16_t>(DataPriority::kLatest)) data.clear();
  std::size_t place = 0;
  while (data.has(place)) ++place;
  if (place == kMessages) return false;
  data.set(place, {}).assign(message);
  object.template set<&Instance::creation_time>(instance, created);
  return object.template set<&Instance::data>(instance, data);
}

/// The application has dealt with all messages of the instance. False: no such instance.
template <std::size_t N, std::size_t kMessages, std::size_t kBytes>
bool clear(BinaryAppDataObject<N, kMessages, kBytes>& object, InstanceId instance) noexcept {
  using Instance = BinaryAppDataInstance<kMessages, kBytes>;
  return object.template set<&Instance::data>(instance, decltype(Instance::data)());
}

}  // namespace linnet::client
