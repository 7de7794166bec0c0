// SPDX-License-Identifier: Apache-2.0
// How a C++ type holds the value of a resource. Specialise `Holder` to keep a resource in a type
// of your own.
#pragma once

#include <cstdint>
#include <limits>
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

/// The same for a whole resource behind an address, single or multiple: a constant table for each
/// type, so that the code which serves them exists once.
struct Storage {
  lwm2m::DataType type;
  bool multiple;
  /// The lowest instance from `from` on, kMaxId for none; a single resource has instance 0.
  InstanceId (*next)(const void* at, InstanceId from) noexcept;
  Value (*read)(const void* at, InstanceId instance) noexcept;
  bool (*fits)(const Value& value, InstanceId instance) noexcept;
  void (*write)(void* at, InstanceId instance, const Value& value) noexcept;
  void (*erase)(void* at) noexcept;
};

[[nodiscard]] inline InstanceId next_of_single(const void* /*at*/, InstanceId from) noexcept {
  return from == 0 ? InstanceId{0} : kMaxId;
}

template <typename T>
struct StorageOf {
  static constexpr Storage kStorage{
      Holder<T>::kType,
      false,
      next_of_single,
      [](const void* at, InstanceId) noexcept { return Holder<T>::read(*static_cast<const T*>(at)); },
      [](const Value& value, InstanceId) noexcept { return Holder<T>::fits(value); },
      [](void* at, InstanceId, const Value& value) noexcept {
        Holder<T>::write(*static_cast<T*>(at), value);
      },
      [](void* at) noexcept { *static_cast<T*>(at) = T(); }};
};

template <typename T>
struct StorageOf<std::optional<T>> {
  static constexpr Storage kStorage{
      Holder<T>::kType,
      false,
      [](const void* at, InstanceId from) noexcept {
        return static_cast<const std::optional<T>*>(at)->has_value() ? next_of_single(at, from) : kMaxId;
      },
      [](const void* at, InstanceId) noexcept {
        return Holder<T>::read(**static_cast<const std::optional<T>*>(at));
      },
      [](const Value& value, InstanceId) noexcept { return Holder<T>::fits(value); },
      [](void* at, InstanceId, const Value& value) noexcept {
        Holder<T>::write(static_cast<std::optional<T>*>(at)->emplace(), value);
      },
      [](void* at) noexcept { static_cast<std::optional<T>*>(at)->reset(); }};
};

template <>
struct StorageOf<ConstantText> {
  static constexpr Storage kStorage{
      Holder<std::string_view>::kType,
      false,
      [](const void* at, InstanceId from) noexcept {
        return static_cast<const ConstantText*>(at)->empty() ? kMaxId : next_of_single(at, from);
      },
      [](const void* at, InstanceId) noexcept {
        return Value::string(*static_cast<const ConstantText*>(at));
      },
      [](const Value&, InstanceId) noexcept { return false; },
      [](void*, InstanceId, const Value&) noexcept {},
      [](void*) noexcept {}};
};

template <typename T, std::size_t N>
struct StorageOf<Multiple<T, N>> {
  static constexpr Storage kStorage{
      Holder<T>::kType,
      true,
      [](const void* at, InstanceId from) noexcept {
        InstanceId i = from;
        while (i < N && !static_cast<const Multiple<T, N>*>(at)->has(i)) ++i;
        return i < N ? i : kMaxId;
      },
      [](const void* at, InstanceId i) noexcept {
        return Holder<T>::read((*static_cast<const Multiple<T, N>*>(at))[i]);
      },
      [](const Value& value, InstanceId i) noexcept { return i < N && Holder<T>::fits(value); },
      [](void* at, InstanceId i, const Value& value) noexcept {
        Holder<T>::write(static_cast<Multiple<T, N>*>(at)->set(i, T()), value);
      },
      [](void* at) noexcept { static_cast<Multiple<T, N>*>(at)->clear(); }};
};

}  // namespace linnet::client
