// SPDX-License-Identifier: Apache-2.0
// The ten data types of LwM2M 1.1 (Core 1.1 appendix C, digest §2) and one value of any of them.
#pragma once

#include <cstdint>
#include <string_view>

#include "linnet/base/bytes.hpp"

namespace linnet::lwm2m {

enum class DataType : std::uint8_t {
  kNone,      ///< no value: an executable resource, or a record that only names a path
  kString,    ///< UTF-8
  kInteger,   ///< signed, up to 64 bits
  kUnsigned,  ///< unsigned, up to 64 bits (1.1)
  kFloat,     ///< IEEE 754, 32 or 64 bits
  kBoolean,
  kOpaque,   ///< bytes
  kTime,     ///< signed seconds since 1970-01-01 UTC
  kObjlnk,   ///< two identifiers
  kCorelnk,  ///< an RFC 6690 link list as text (1.1)
};

/// The DDF's word for a type ("String", "Integer", ...; "None" for kNone).
[[nodiscard]] std::string_view to_string(DataType type) noexcept;

struct Objlnk {
  std::uint16_t object = 0;
  std::uint16_t instance = 0;
  friend constexpr bool operator==(const Objlnk&, const Objlnk&) = default;
};

/// A typed value. Text and opaque values are views: what they point to belongs to someone else,
/// and whoever hands out a Value says how long that lives.
class Value {
 public:
  constexpr Value() noexcept : integer_(0) {}

  [[nodiscard]] static Value string(std::string_view v) noexcept { return {DataType::kString, as_bytes(v)}; }
  [[nodiscard]] static Value corelnk(std::string_view v) noexcept {
    return {DataType::kCorelnk, as_bytes(v)};
  }
  [[nodiscard]] static Value opaque(ByteView v) noexcept { return {DataType::kOpaque, v}; }
  /// Of any type that is a view.
  [[nodiscard]] static Value octets(DataType type, ByteView v) noexcept { return {type, v}; }
  [[nodiscard]] static constexpr Value integer(std::int64_t v) noexcept { return {DataType::kInteger, v}; }
  [[nodiscard]] static constexpr Value time(std::int64_t v) noexcept { return {DataType::kTime, v}; }
  [[nodiscard]] static constexpr Value unsigned_integer(std::uint64_t v) noexcept {
    return of_bits(DataType::kUnsigned, v);
  }
  /// A whole number: kInteger where it fits, else kUnsigned, else the nearest kFloat. (-0 is a Float.)
  [[nodiscard]] static Value whole(std::uint64_t magnitude, bool negative) noexcept {
    Value value;
    value.set_whole(magnitude, negative);
    return value;
  }
  [[nodiscard]] static constexpr Value number(double v) noexcept {
    Value value;
    value.type_ = DataType::kFloat;
    value.float_ = v;
    return value;
  }
  [[nodiscard]] static constexpr Value boolean(bool v) noexcept {
    return of_bits(DataType::kBoolean, v ? 1 : 0);
  }
  [[nodiscard]] static constexpr Value objlnk(Objlnk v) noexcept {
    return of_bits(DataType::kObjlnk, static_cast<std::uint32_t>(v.object) << 16 | v.instance);
  }
  /// What has these `bits()`. Of a type that is no view.
  [[nodiscard]] static constexpr Value of_bits(DataType type, std::uint64_t bits) noexcept {
    Value value;
    value.set_bits(type, bits);
    return value;
  }
  // Decoders make values in place.
  constexpr void set_bits(DataType type, std::uint64_t bits) noexcept {
    unsigned_ = bits;
    type_ = type;
  }
  constexpr void set_octets(DataType type, ByteView octets) noexcept {
    bytes_ = octets;
    type_ = type;
  }
  void set_whole(std::uint64_t magnitude, bool negative) noexcept;

  [[nodiscard]] constexpr DataType type() const noexcept { return type_; }
  [[nodiscard]] constexpr bool none() const noexcept { return type_ == DataType::kNone; }

  // Each is meaningful only for the types named; asking another gives zero, empty or false.
  [[nodiscard]] LINNET_OUTLINED std::string_view as_string() const noexcept {
    return as_text(bytes_if_text());
  }  // kString, kCorelnk
  [[nodiscard]] LINNET_OUTLINED constexpr ByteView as_opaque() const noexcept {
    return type_ == DataType::kOpaque ? bytes_ : ByteView{};
  }
  [[nodiscard]] LINNET_OUTLINED constexpr std::int64_t as_integer() const noexcept {  // kInteger, kTime
    return type_ == DataType::kInteger || type_ == DataType::kTime ? integer_ : 0;
  }
  [[nodiscard]] LINNET_OUTLINED constexpr std::uint64_t as_unsigned() const noexcept {
    return type_ == DataType::kUnsigned ? unsigned_ : 0;
  }
  [[nodiscard]] constexpr double as_float() const noexcept {
    return type_ == DataType::kFloat ? float_ : 0.0;
  }
  [[nodiscard]] constexpr bool as_boolean() const noexcept {
    return type_ == DataType::kBoolean && unsigned_ != 0;
  }
  [[nodiscard]] constexpr Objlnk as_objlnk() const noexcept {
    if (type_ != DataType::kObjlnk) return {};
    return {static_cast<std::uint16_t>(unsigned_ >> 16), static_cast<std::uint16_t>(unsigned_)};
  }

  /// A type that is a view: kString, kCorelnk and kOpaque.
  [[nodiscard]] constexpr bool holds_bytes() const noexcept {
    return type_ == DataType::kString || type_ == DataType::kCorelnk || type_ == DataType::kOpaque;
  }
  /// What any of these holds.
  [[nodiscard]] constexpr ByteView as_octets() const noexcept { return holds_bytes() ? bytes_ : ByteView{}; }
  /// What a value that is no view is in memory: 64 bits of a number, 0 or 1 of a Boolean, the two IDs of an
  /// Objlnk one behind the other.
  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return holds_bytes() ? 0 : unsigned_; }

  /// kInteger, kUnsigned, kFloat and kTime: the types that gt, lt and st apply to.
  [[nodiscard]] constexpr bool numeric() const noexcept { return is_numeric(type_); }
  /// Of a whole number, without its sign.
  [[nodiscard]] std::uint64_t magnitude() const noexcept;
  /// A numeric value as a double (rounded beyond 2^53); 0 where it is not numeric.
  [[nodiscard]] double to_double() const noexcept;

  /// The same value as `wanted`, where nothing is lost: between the integer types and Time within
  /// range, an integer to Float, an integral Float to an integer, String to Corelnk and back.
  /// Errc::kWrongType otherwise. Views stay the same views.
  [[nodiscard]] Result<Value> convert(DataType wanted) const noexcept;
  /// Makes it that value: false, with what is left of no use, where it cannot be.
  [[nodiscard]] bool become(DataType wanted) noexcept;

  /// Same type, same value (Float by bits-for-value: NaN equals NaN).
  friend bool operator==(const Value& a, const Value& b) noexcept;

 private:
  constexpr Value(DataType type, ByteView bytes) noexcept : bytes_(bytes), type_(type) {}
  constexpr Value(DataType type, std::int64_t integer) noexcept : integer_(integer), type_(type) {}
  [[nodiscard]] LINNET_OUTLINED static constexpr bool is_numeric(DataType type) noexcept {
    return type == DataType::kInteger || type == DataType::kUnsigned || type == DataType::kFloat ||
           type == DataType::kTime;
  }
  [[nodiscard]] constexpr bool negative() const noexcept {
    return type_ != DataType::kUnsigned && integer_ < 0;
  }
  [[nodiscard]] constexpr ByteView bytes_if_text() const noexcept {
    return type_ == DataType::kString || type_ == DataType::kCorelnk ? bytes_ : ByteView{};
  }

  union {
    ByteView bytes_;
    std::int64_t integer_;
    std::uint64_t unsigned_;
    double float_;
  };
  DataType type_ = DataType::kNone;
};

}  // namespace linnet::lwm2m
