// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/storage.hpp"

#include <bit>
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
void put(void* at, const T& value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

constexpr bool kBigEndian = std::endian::native == std::endian::big;

/// Where in 64 bits, which begin at `at`, the bytes lie that are kept: the low ones.
template <typename T>
T* kept(const Storage& storage, T* at) noexcept {
  return kBigEndian ? at + sizeof(std::uint64_t) - storage.size : at;
}

/// The bits of the number or Boolean that is kept at `at`.
std::uint64_t load_bits(const Storage& storage, const std::byte* at) noexcept {
  const std::byte highest = at[kBigEndian ? 0 : storage.size - 1];
  const bool negative = storage.layout == Layout::kSigned && static_cast<std::int8_t>(highest) < 0;
  std::uint64_t bits = 0;
  if (negative) bits = ~bits;
  std::memcpy(kept(storage, reinterpret_cast<std::byte*>(&bits)), at, storage.size);
  return bits;
}

// Text and Bytes begin with their size, and the bytes follow.
constexpr std::size_t kBytesAt = sizeof(std::uint16_t);
static_assert(std::is_standard_layout_v<Text<1>> && std::is_standard_layout_v<Bytes<1>>);

ByteView sized_bytes(const void* at) noexcept {
  return {static_cast<const std::uint8_t*>(at) + kBytesAt, load<std::uint16_t>(at)};
}

void assign_bytes(void* at, ByteView bytes) noexcept {
  put(at, static_cast<std::uint16_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(static_cast<std::uint8_t*>(at) + kBytesAt, bytes.data(), bytes.size());
}

}  // namespace

Value Slot::load() const noexcept {
  switch (storage->layout) {
    case Layout::kView: return Value::string(client::load<std::string_view>(at));
    case Layout::kSized: return Value::octets(type, sized_bytes(at));
    case Layout::kOwn: return functions->form->read(at);
    case Layout::kObjlnk: return Value::objlnk(client::load<lwm2m::Objlnk>(at));
    default: return Value::of_bits(type, load_bits(*storage, at));
  }
}

bool Slot::fits(const Value& value) const noexcept {
  if (storage->layout == Layout::kSized) return value.as_octets().size() <= storage->size;
  if (storage->layout == Layout::kView) return false;
  if (storage->layout == Layout::kOwn) return functions->form->fits(value);
  if (storage->layout == Layout::kObjlnk) return true;
  // It is the same once it was stored.
  const std::uint64_t bits = value.bits();
  return load_bits(*storage, kept(*storage, reinterpret_cast<const std::byte*>(&bits))) == bits;
}

void Slot::store(const Value& value) const noexcept {
  switch (storage->layout) {
    case Layout::kView: return;
    case Layout::kSized: return assign_bytes(at, value.as_octets());
    case Layout::kOwn: return functions->form->write(at, value);
    case Layout::kObjlnk: return put(at, value.as_objlnk());
    default: break;
  }
  const std::uint64_t bits = value.bits();
  std::memcpy(at, kept(*storage, reinterpret_cast<const std::byte*>(&bits)), storage->size);
}

bool Slot::locate(Locating what) noexcept {
  if (at == nullptr || !storage->takes(instance)) return false;
  switch (storage->shape) {
    case Shape::kOptional: {
      std::byte* there = at + storage->element();
      if (what != Locating::kFind) put(there, what == Locating::kMake);
      return client::load<bool>(there);
    }
    case Shape::kMultiple: {
      auto present = client::load<std::uint32_t>(at);
      if (what == Locating::kMake) present |= 1U << instance;
      if (what == Locating::kDropOne) present &= ~(1U << instance);
      if (what == Locating::kDrop) present = 0;
      put(at, present);
      present >>= instance;
      if (present == 0 || what == Locating::kDropOne) return false;
      for (; (present & 1U) == 0; present >>= 1) ++instance;
      at += (storage->wide ? sizeof(double) : sizeof present) + instance * storage->element();
      return true;
    }
    case Shape::kConstant: return what == Locating::kFind && !client::load<std::string_view>(at).empty();
    case Shape::kOwn:
      at = static_cast<std::byte*>(functions->form->locate(at, instance, what));
      return at != nullptr;
    default: return true;
  }
}

}  // namespace linnet::client
