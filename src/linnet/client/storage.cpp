// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/storage.hpp"

#include <cstring>
#include <type_traits>

namespace linnet::client {

namespace {

template <typename T>
T load(const void* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
T load_integer(const void* at, std::size_t size) noexcept {
  constexpr bool kSigned = std::is_signed_v<T>;
  switch (size) {
    case 1: return load<std::conditional_t<kSigned, std::int8_t, std::uint8_t>>(at);
    case 2: return load<std::conditional_t<kSigned, std::int16_t, std::uint16_t>>(at);
    case 4: return load<std::conditional_t<kSigned, std::int32_t, std::uint32_t>>(at);
    default: return load<T>(at);
  }
}

/// The low `size` bytes of an integer, of either kind.
void store_integer(void* at, std::uint64_t value, std::size_t size) noexcept {
  switch (size) {
    case 1: {
      const auto low = static_cast<std::uint8_t>(value);
      std::memcpy(at, &low, sizeof low);
      break;
    }
    case 2: {
      const auto low = static_cast<std::uint16_t>(value);
      std::memcpy(at, &low, sizeof low);
      break;
    }
    case 4: {
      const auto low = static_cast<std::uint32_t>(value);
      std::memcpy(at, &low, sizeof low);
      break;
    }
    default: std::memcpy(at, &value, sizeof value); break;
  }
}

/// Whether it is the same once it was stored.
template <typename T>
bool survives(T value, std::size_t size) noexcept {
  T kept = 0;
  store_integer(&kept, static_cast<std::uint64_t>(value), size);
  return load_integer<T>(&kept, size) == value;
}

// Text and Bytes begin with their size, and the bytes follow.
constexpr std::size_t kBytesAt = sizeof(std::uint16_t);
static_assert(std::is_standard_layout_v<Text<1>> && std::is_standard_layout_v<Bytes<1>>);
static_assert(sizeof(Text<4>) == kBytesAt + 4 && sizeof(Bytes<4>) == kBytesAt + 4);

ByteView sized_bytes(const void* at) noexcept {
  return {static_cast<const std::uint8_t*>(at) + kBytesAt, load<std::uint16_t>(at)};
}

void assign_bytes(void* at, ByteView bytes) noexcept {
  const auto size = static_cast<std::uint16_t>(bytes.size());
  std::memcpy(at, &size, sizeof size);
  if (size != 0) std::memcpy(static_cast<std::uint8_t*>(at) + kBytesAt, bytes.data(), size);
}

}  // namespace

const Form kSignedForm{
    [](const void* at, std::size_t size) noexcept {
      return Value::integer(load_integer<std::int64_t>(at, size));
    },
    [](const Value& value, std::size_t size) noexcept { return survives(value.as_integer(), size); },
    [](void* at, const Value& value, std::size_t size) noexcept {
      store_integer(at, static_cast<std::uint64_t>(value.as_integer()), size);
    }};

const Form kUnsignedForm{
    [](const void* at, std::size_t size) noexcept {
      return Value::unsigned_integer(load_integer<std::uint64_t>(at, size));
    },
    [](const Value& value, std::size_t size) noexcept { return survives(value.as_unsigned(), size); },
    [](void* at, const Value& value, std::size_t size) noexcept {
      store_integer(at, value.as_unsigned(), size);
    }};

const Form kTextForm{
    [](const void* at, std::size_t) noexcept { return Value::string(as_text(sized_bytes(at))); },
    [](const Value& value, std::size_t size) noexcept { return value.as_string().size() <= size; },
    [](void* at, const Value& value, std::size_t) noexcept {
      assign_bytes(at, as_bytes(value.as_string()));
    }};

const Form kBytesForm{
    [](const void* at, std::size_t) noexcept { return Value::opaque(sized_bytes(at)); },
    [](const Value& value, std::size_t size) noexcept { return value.as_opaque().size() <= size; },
    [](void* at, const Value& value, std::size_t) noexcept { assign_bytes(at, value.as_opaque()); }};

void* locate_single(void* at, InstanceId& /*instance*/, Locating /*what*/) noexcept {
  return at;
}

InstanceId Storage::next(const void* at, InstanceId from) const noexcept {
  const bool found = from < limit && locate(const_cast<void*>(at), from, Locating::kFind) != nullptr;
  return found ? from : kMaxId;
}

Value Storage::read(const void* at, InstanceId instance) const noexcept {
  return form->read(locate(const_cast<void*>(at), instance, Locating::kFind), size);
}

void Storage::write(void* at, InstanceId instance, const Value& value) const noexcept {
  if (void* place = locate(at, instance, Locating::kMake); place != nullptr) form->write(place, value, size);
}

void Storage::erase(void* at) const noexcept {
  InstanceId first = 0;
  if (void* left = locate(at, first, Locating::kDrop); left != nullptr) form->write(left, Value(), size);
}

}  // namespace linnet::client
