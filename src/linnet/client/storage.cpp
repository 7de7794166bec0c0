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

template <typename T>
void put(void* at, const T& value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

/// The low `size` bytes of an integer, of either kind.
void store_integer(void* at, std::uint64_t value, std::size_t size) noexcept {
  switch (size) {
    case 1: return put(at, static_cast<std::uint8_t>(value));
    case 2: return put(at, static_cast<std::uint16_t>(value));
    case 4: return put(at, static_cast<std::uint32_t>(value));
    default: return put(at, value);
  }
}

// Text and Bytes begin with their size, and the bytes follow.
constexpr std::size_t kBytesAt = sizeof(std::uint16_t);
static_assert(std::is_standard_layout_v<Text<1>> && std::is_standard_layout_v<Bytes<1>>);

ByteView sized_bytes(const void* at) noexcept {
  return {static_cast<const std::uint8_t*>(at) + kBytesAt, load<std::uint16_t>(at)};
}

void assign_bytes(void* at, ByteView bytes) noexcept {
  const auto size = static_cast<std::uint16_t>(bytes.size());
  std::memcpy(at, &size, sizeof size);
  if (size != 0) std::memcpy(static_cast<std::uint8_t*>(at) + kBytesAt, bytes.data(), size);
}

/// An integer of any kind; 0 for other types.
std::uint64_t bits_of(const Value& value) noexcept {
  return value.as_unsigned() | static_cast<std::uint64_t>(value.as_integer());
}

ByteView bytes_of(const Value& value) noexcept {
  return value.type() == lwm2m::DataType::kOpaque ? value.as_opaque() : as_bytes(value.as_string());
}

std::uint64_t load_bits(const Storage& storage, const void* at) noexcept {
  return storage.layout == Layout::kSigned
             ? static_cast<std::uint64_t>(load_integer<std::int64_t>(at, storage.size))
             : load_integer<std::uint64_t>(at, storage.size);
}

}  // namespace

Value load(const Storage& storage, lwm2m::DataType type, const OwnForm* form, const void* at) noexcept {
  switch (storage.layout) {
    case Layout::kSigned:
    case Layout::kUnsigned: {
      const std::uint64_t bits = load_bits(storage, at);
      if (type == lwm2m::DataType::kUnsigned) return Value::unsigned_integer(bits);
      const auto number = static_cast<std::int64_t>(bits);
      return type == lwm2m::DataType::kTime ? Value::time(number) : Value::integer(number);
    }
    case Layout::kBoolean: return Value::boolean(load<bool>(at));
    case Layout::kDouble: return Value::number(load<double>(at));
    case Layout::kObjlnk: return Value::objlnk(load<lwm2m::Objlnk>(at));
    case Layout::kView: return Value::string(load<std::string_view>(at));
    case Layout::kSized: {
      const ByteView bytes = sized_bytes(at);
      return type == lwm2m::DataType::kOpaque ? Value::opaque(bytes) : Value::string(as_text(bytes));
    }
    default: return form->read(at);
  }
}

bool fits(const Storage& storage, const OwnForm* form, const Value& value) noexcept {
  switch (storage.layout) {
    case Layout::kSigned:
    case Layout::kUnsigned: {
      // It is the same once it was stored.
      std::uint64_t kept = 0;
      store_integer(&kept, bits_of(value), storage.size);
      return load_bits(storage, &kept) == bits_of(value);
    }
    case Layout::kSized: return bytes_of(value).size() <= storage.size;
    case Layout::kView: return false;
    case Layout::kOwn: return form->fits(value);
    default: return true;
  }
}

void store(const Storage& storage, const OwnForm* form, void* at, const Value& value) noexcept {
  switch (storage.layout) {
    case Layout::kSigned:
    case Layout::kUnsigned: return store_integer(at, bits_of(value), storage.size);
    case Layout::kBoolean: return put(at, value.as_boolean());
    case Layout::kDouble: return put(at, value.as_float());
    case Layout::kObjlnk: return put(at, value.as_objlnk());
    case Layout::kSized: return assign_bytes(at, bytes_of(value));
    case Layout::kView: return;
    default: return form->write(at, value);
  }
}

void* locate(const Storage& storage, const OwnForm* form, std::byte* at, InstanceId& instance,
             Locating what) noexcept {
  switch (storage.shape) {
    case Shape::kOptional: {
      std::byte* there = at + storage.element();
      if (what != Locating::kFind) put(there, what == Locating::kMake);
      return load<bool>(there) ? at : nullptr;
    }
    case Shape::kMultiple: {
      auto present = load<std::uint32_t>(at);
      if (what == Locating::kMake) present |= 1U << instance;
      if (what == Locating::kDrop) present = 0;
      put(at, present);
      while (instance < storage.limit && (present >> instance & 1U) == 0) ++instance;
      if (instance >= storage.limit) return nullptr;
      return at + (storage.wide ? sizeof(double) : sizeof present) + instance * storage.element();
    }
    case Shape::kConstant:
      return what == Locating::kFind && !load<std::string_view>(at).empty() ? at : nullptr;
    case Shape::kOwn: return form->locate(at, instance, what);
    default: return at;
  }
}

}  // namespace linnet::client
