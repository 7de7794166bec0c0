// SPDX-License-Identifier: Apache-2.0
// How a C++ type holds the value of a resource. Specialise `Holder` to keep a resource in a type
// of your own.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "linnet/base/time.hpp"
#include "linnet/client/fixed_storage.hpp"
#include "linnet/client/object.hpp"

namespace linnet::client {

/// One value of type T: its data type, reading, whether a value fits, and writing one that does.
template <typename T>
struct Holder;

template <>
struct Holder<bool> {
  static constexpr auto kType = lwm2m::DataType::kBoolean;
  static Value read(bool v) noexcept { return Value::boolean(v); }
  static bool fits(const Value&) noexcept { return true; }
  static void write(bool& v, const Value& value) noexcept { v = value.as_boolean(); }
};

template <std::signed_integral T>
struct Holder<T> {
  static constexpr auto kType = lwm2m::DataType::kInteger;
  static Value read(T v) noexcept { return Value::integer(v); }
  static bool fits(const Value& value) noexcept {
    return value.as_integer() >= std::numeric_limits<T>::min() &&
           value.as_integer() <= std::numeric_limits<T>::max();
  }
  static void write(T& v, const Value& value) noexcept { v = static_cast<T>(value.as_integer()); }
};

template <std::unsigned_integral T>
struct Holder<T> {
  static constexpr auto kType = lwm2m::DataType::kUnsigned;
  static Value read(T v) noexcept { return Value::unsigned_integer(v); }
  static bool fits(const Value& value) noexcept {
    return value.as_unsigned() <= std::numeric_limits<T>::max();
  }
  static void write(T& v, const Value& value) noexcept { v = static_cast<T>(value.as_unsigned()); }
};

template <std::floating_point T>
struct Holder<T> {
  static constexpr auto kType = lwm2m::DataType::kFloat;
  static Value read(T v) noexcept { return Value::number(static_cast<double>(v)); }
  static bool fits(const Value&) noexcept { return true; }
  static void write(T& v, const Value& value) noexcept { v = static_cast<T>(value.as_float()); }
};

template <>
struct Holder<UnixTime> {
  static constexpr auto kType = lwm2m::DataType::kTime;
  static Value read(UnixTime v) noexcept { return Value::time(v.seconds); }
  static bool fits(const Value&) noexcept { return true; }
  static void write(UnixTime& v, const Value& value) noexcept { v.seconds = value.as_integer(); }
};

template <>
struct Holder<lwm2m::Objlnk> {
  static constexpr auto kType = lwm2m::DataType::kObjlnk;
  static Value read(lwm2m::Objlnk v) noexcept { return Value::objlnk(v); }
  static bool fits(const Value&) noexcept { return true; }
  static void write(lwm2m::Objlnk& v, const Value& value) noexcept { v = value.as_objlnk(); }
};

/// A constant text: a server cannot write it.
template <>
struct Holder<std::string_view> {
  static constexpr auto kType = lwm2m::DataType::kString;
  static Value read(std::string_view v) noexcept { return Value::string(v); }
  static bool fits(const Value&) noexcept { return false; }
  static void write(std::string_view&, const Value&) noexcept {}
};

template <std::size_t N>
struct Holder<Text<N>> {
  static constexpr auto kType = lwm2m::DataType::kString;
  static Value read(const Text<N>& v) noexcept { return Value::string(v.view()); }
  static bool fits(const Value& value) noexcept { return value.as_string().size() <= N; }
  static void write(Text<N>& v, const Value& value) noexcept { v.assign(value.as_string()); }
};

template <std::size_t N>
struct Holder<Bytes<N>> {
  static constexpr auto kType = lwm2m::DataType::kOpaque;
  static Value read(const Bytes<N>& v) noexcept { return Value::opaque(v.view()); }
  static bool fits(const Value& value) noexcept { return value.as_opaque().size() <= N; }
  static void write(Bytes<N>& v, const Value& value) noexcept { v.assign(value.as_opaque()); }
};

/// One value of a type behind an address. Types that differ in nothing but their size share a form.
struct Form {
  Value (*read)(const void* at, std::size_t size) noexcept;
  bool (*fits)(const Value& value, std::size_t size) noexcept;
  /// What fits; a Value of no type stands for the default: 0, false, empty.
  void (*write)(void* at, const Value& value, std::size_t size) noexcept;
};

/// Integers of `size` bytes.
extern const Form kSignedForm;
extern const Form kUnsignedForm;
/// Text<size> and Bytes<size>.
extern const Form kTextForm;
extern const Form kBytesForm;

template <typename T>
struct FormOf {
  static constexpr Form kOwn{
      [](const void* at, std::size_t) noexcept { return Holder<T>::read(*static_cast<const T*>(at)); },
      [](const Value& value, std::size_t) noexcept { return Holder<T>::fits(value); },
      [](void* at, const Value& value, std::size_t) noexcept {
        Holder<T>::write(*static_cast<T*>(at), value);
      }};
  static constexpr const Form* kForm = &kOwn;
  static constexpr std::uint16_t kSize = 0;
};
template <std::signed_integral T>
struct FormOf<T> {
  static constexpr const Form* kForm = &kSignedForm;
  static constexpr std::uint16_t kSize = sizeof(T);
};
template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
struct FormOf<T> {
  static constexpr const Form* kForm = &kUnsignedForm;
  static constexpr std::uint16_t kSize = sizeof(T);
};
template <std::size_t N>
struct FormOf<Text<N>> {
  static constexpr const Form* kForm = &kTextForm;
  static constexpr std::uint16_t kSize = N;
};
template <std::size_t N>
struct FormOf<Bytes<N>> {
  static constexpr const Form* kForm = &kBytesForm;
  static constexpr std::uint16_t kSize = N;
};

enum class Locating : std::uint8_t {
  kFind,  ///< the lowest instance from `instance` on, which is set to it; a single resource has instance 0
  kMake,  ///< this instance, whose value is written next
  kDrop,  ///< all instances go; what cannot go is found, and is to get its default value
};
/// Where an instance of a resource lies, null for nowhere; `instance` is below the Storage's limit.
using Locate = void* (*)(void* at, InstanceId& instance, Locating what) noexcept;

/// A whole resource behind an address, single or multiple: a constant row for each type.
struct Storage {
  const Form* form;
  Locate locate;
  std::uint16_t size;  ///< see Form
  InstanceId limit;    ///< instances below it can be made

  /// The lowest instance from `from` on, kMaxId for none.
  [[nodiscard]] InstanceId next(const void* at, InstanceId from) const noexcept;
  /// Of an instance that is there.
  [[nodiscard]] Value read(const void* at, InstanceId instance) const noexcept;
  [[nodiscard]] bool fits(const Value& value, InstanceId instance) const noexcept {
    return instance < limit && form->fits(value, size);
  }
  /// Does nothing where there is no room.
  void write(void* at, InstanceId instance, const Value& value) const noexcept;
  void erase(void* at) const noexcept;
};

[[nodiscard]] void* locate_single(void* at, InstanceId& instance, Locating what) noexcept;

template <typename T>
[[nodiscard]] void* locate_optional(void* at, InstanceId& /*instance*/, Locating what) noexcept {
  auto& value = *static_cast<std::optional<T>*>(at);
  if (what == Locating::kMake) return std::addressof(value.emplace());
  if (what == Locating::kDrop) value.reset();
  return value.has_value() ? std::addressof(*value) : nullptr;
}

template <typename T, std::size_t N>
[[nodiscard]] void* locate_multiple(void* at, InstanceId& instance, Locating what) noexcept {
  auto& values = *static_cast<Multiple<T, N>*>(at);
  if (what == Locating::kMake) return std::addressof(values.add(instance));
  if (what == Locating::kDrop) values.clear();
  return values.next(instance);
}

[[nodiscard]] inline void* locate_constant(void* at, InstanceId& /*instance*/, Locating what) noexcept {
  auto* text = static_cast<ConstantText*>(at);
  return what == Locating::kFind && !text->empty() ? static_cast<std::string_view*>(text) : nullptr;
}

template <typename T>
struct StorageOf {
  static constexpr auto kType = Holder<T>::kType;
  static constexpr bool kMultiple = false;
  static constexpr Storage kStorage{FormOf<T>::kForm, locate_single, FormOf<T>::kSize, 1};
};

template <typename T>
struct StorageOf<std::optional<T>> {
  static constexpr auto kType = Holder<T>::kType;
  static constexpr bool kMultiple = false;
  static constexpr Storage kStorage{FormOf<T>::kForm, locate_optional<T>, FormOf<T>::kSize, 1};
};

template <>
struct StorageOf<ConstantText> {
  static constexpr auto kType = Holder<std::string_view>::kType;
  static constexpr bool kMultiple = false;
  static constexpr Storage kStorage{FormOf<std::string_view>::kForm, locate_constant, 0, 1};
};

template <typename T, std::size_t N>
struct StorageOf<Multiple<T, N>> {
  static constexpr auto kType = Holder<T>::kType;
  static constexpr bool kMultiple = true;
  static constexpr Storage kStorage{FormOf<T>::kForm, locate_multiple<T, N>, FormOf<T>::kSize, N};
};

}  // namespace linnet::client
