// SPDX-License-Identifier: Apache-2.0
// How a C++ type holds the value of a resource, and where in its structure it lies. Specialise `Holder` to
// keep a resource in a type of your own.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

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

/// How one value lies in memory.
enum class Layout : std::uint8_t {
  kOwn,  ///< as its Holder says
  kSigned,
  kUnsigned,
  kBoolean,
  kDouble,
  kObjlnk,
  kSized,  ///< Text and Bytes
  kView,   ///< std::string_view
};

/// The layout of a type, and its size: bytes of a number, room of Text and Bytes.
template <typename T>
struct LayoutOf {
  static constexpr Layout kLayout = Layout::kOwn;
  static constexpr std::size_t kSize = sizeof(T);
};
template <std::integral T>
struct LayoutOf<T> {
  static constexpr Layout kLayout = std::signed_integral<T> ? Layout::kSigned : Layout::kUnsigned;
  static constexpr std::size_t kSize = sizeof(T);
};
template <>
struct LayoutOf<bool> {
  static constexpr Layout kLayout = Layout::kBoolean;
  static constexpr std::size_t kSize = sizeof(bool);
};
template <>
struct LayoutOf<double> {
  static constexpr Layout kLayout = Layout::kDouble;
  static constexpr std::size_t kSize = sizeof(double);
};
template <>
struct LayoutOf<UnixTime> {
  static constexpr Layout kLayout = Layout::kSigned;
  static constexpr std::size_t kSize = sizeof(UnixTime);
};
template <>
struct LayoutOf<lwm2m::Objlnk> {
  static constexpr Layout kLayout = Layout::kObjlnk;
  static constexpr std::size_t kSize = sizeof(lwm2m::Objlnk);
};
template <>
struct LayoutOf<std::string_view> {
  static constexpr Layout kLayout = Layout::kView;
  static constexpr std::size_t kSize = sizeof(std::string_view);
};
template <std::size_t N>
struct LayoutOf<Text<N>> {
  static constexpr Layout kLayout = Layout::kSized;
  static constexpr std::size_t kSize = N;
};
template <std::size_t N>
struct LayoutOf<Bytes<N>> {
  static constexpr Layout kLayout = Layout::kSized;
  static constexpr std::size_t kSize = N;
};

enum class Locating : std::uint8_t {
  kFind,     ///< the lowest instance from `instance` on, which is set to it; a single resource has instance 0
  kMake,     ///< this instance, whose value is written next
  kDrop,     ///< all instances go; what cannot go is found, and is to get its default value
  kDropOne,  ///< this instance of several goes; nothing is found
};

/// What a type of one's own does; null where its layout, or its shape, is not its own. A Value of no type
/// stands for the default: 0, false, empty.
struct OwnForm {
  Value (*read)(const void* at) noexcept;
  bool (*fits)(const Value& value) noexcept;
  void (*write)(void* at, const Value& value) noexcept;
  /// Where an instance of a resource of Shape::kOwn lies, null for nowhere.
  void* (*locate)(void* at, InstanceId& instance, Locating what) noexcept;
};

template <typename T>
inline constexpr OwnForm kHolderForm{
    [](const void* at) noexcept { return Holder<T>::read(*static_cast<const T*>(at)); },
    [](const Value& value) noexcept { return Holder<T>::fits(value); },
    [](void* at, const Value& value) noexcept { Holder<T>::write(*static_cast<T*>(at), value); }, nullptr};

/// Which instances of a resource there are, and where.
enum class Shape : std::uint8_t {
  kCommand,   ///< no value
  kSingle,    ///< one, always
  kConstant,  ///< ConstantText: one, where it is not empty
  kOptional,  ///< std::optional
  kMultiple,  ///< Multiple
  kOwn,       ///< as OwnForm::locate says
};

/// How a member of a structure holds a resource: 6 bytes of flash for each.
struct Storage {
  static constexpr std::uint8_t kAnyInstance = INT8_MAX;

  std::uint16_t offset = 0;  ///< of the member in its structure
  std::uint16_t size = 0;    ///< see LayoutOf
  Shape shape : 3 = Shape::kCommand;
  Layout layout : 3 = Layout::kOwn;
  bool has_form : 1 = false;   ///< there is an OwnForm among the functions of its object
  bool has_extra : 1 = false;  ///< and behind it a check or a command
  std::uint8_t limit : 7 = 0;  ///< instances below it can be made
  bool wide : 1 = false;       ///< Multiple: its elements are aligned to 8 bytes

  /// Bytes that an element takes: Text and Bytes begin with their size, and are not empty.
  [[nodiscard]] LINNET_OUTLINED constexpr std::size_t element() const noexcept {
    if (layout != Layout::kSized) return size;
    return size == 0 ? 2 * sizeof(std::uint16_t) : (size + 2 * sizeof(std::uint16_t) - 1) & ~std::size_t{1};
  }
  /// Whether there may be such an instance.
  [[nodiscard]] LINNET_OUTLINED constexpr bool takes(InstanceId instance) const noexcept {
    return limit == kAnyInstance || instance < limit;
  }
  [[nodiscard]] constexpr std::size_t functions() const noexcept {
    return std::size_t{has_form} + std::size_t{has_extra};
  }
};

template <typename T>
[[nodiscard]] constexpr Storage storage_of(Shape shape, std::uint8_t limit = 1, bool wide = false) noexcept {
  static_assert(sizeof(T) <= UINT16_MAX);
  constexpr Storage kPlain{.size = static_cast<std::uint16_t>(LayoutOf<T>::kSize),
                           .layout = LayoutOf<T>::kLayout};
  static_assert(kPlain.element() == sizeof(T));
  Storage result = kPlain;
  result.shape = shape;
  result.limit = limit & Storage::kAnyInstance;
  result.wide = wide;
  return result;
}

template <typename T>
struct StorageOf {
  using Element = T;
  static constexpr auto kType = Holder<T>::kType;
  static constexpr bool kMultiple = false;
  static constexpr Storage kStorage = storage_of<T>(Shape::kSingle);
  static constexpr const OwnForm* kForm = &kHolderForm<T>;
};

template <typename T>
struct StorageOf<std::optional<T>> : StorageOf<T> {
  // The standard libraries keep the value first, and behind it whether it is there.
  static_assert(std::is_trivially_copyable_v<std::optional<T>> &&
                sizeof(std::optional<T>) == sizeof(T) + alignof(T));
  static constexpr Storage kStorage = storage_of<T>(Shape::kOptional);
};

template <>
struct StorageOf<ConstantText> : StorageOf<std::string_view> {
  static constexpr Storage kStorage = storage_of<std::string_view>(Shape::kConstant);
};

template <typename T, std::size_t N>
struct StorageOf<Multiple<T, N>> : StorageOf<T> {
  static constexpr bool kMultiple = true;
  static constexpr Storage kStorage = storage_of<T>(Shape::kMultiple, N, alignof(T) > alignof(std::uint32_t));
};

using ValueCheck = bool (*)(const Value& value) noexcept;
using Command = Result<void> (*)(void* instance, std::string_view arguments) noexcept;

/// What some resources of an object have beside their place in its structure.
union ResourceFunction {
  ValueCheck check = nullptr;  ///< beyond type and size
  Command run;
  const OwnForm* form;
};

/// One instance of a resource where it lies.
struct Slot {
  const Storage* storage = nullptr;             ///< null where there is no such resource
  const ResourceFunction* functions = nullptr;  ///< its own
  std::byte* at = nullptr;  ///< the resource, null for nowhere; `locate` finds the instance
  InstanceId instance = 0;  ///< of the resource; 0 for a single one
  lwm2m::DataType type = lwm2m::DataType::kNone;

  /// Goes to an instance of the resource; false: there is none, or nothing to be done about it.
  [[nodiscard]] bool locate(Locating what) noexcept;
  // Of an instance that was located.
  [[nodiscard]] Value load() const noexcept;
  /// Stores what fits; a Value of no type stands for the default.
  void store(const Value& value) const noexcept;
  /// Whether a value of the resource's type has room, wherever it is.
  [[nodiscard]] bool fits(const Value& value) const noexcept;
};

}  // namespace linnet::client
