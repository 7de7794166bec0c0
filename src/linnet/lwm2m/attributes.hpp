// SPDX-License-Identifier: Apache-2.0
// The NOTIFICATION attributes (Core 1.1 §5.1.2, digest §8): what Write-Attributes sets, Discover
// shows and Notify obeys.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/features.hpp"
#include "linnet/lwm2m/link_format.hpp"

namespace linnet::lwm2m {

enum class AttributeName : std::uint8_t { kPmin, kPmax, kEpmin, kEpmax, kGt, kLt, kSt };

inline constexpr std::array kAttributeNames{
    AttributeName::kPmin, AttributeName::kPmax, AttributeName::kEpmin, AttributeName::kEpmax,
    AttributeName::kGt,   AttributeName::kLt,   AttributeName::kSt};

/// "pmin", "gt", ...
[[nodiscard]] std::string_view to_string(AttributeName name) noexcept;

/// One Uri-Query of a Write-Attributes: `pmin=10` sets, `pmin` alone unsets (TS 6.4.4).
struct AttributeWrite {
  AttributeName name = AttributeName::kPmin;
  std::optional<double> value;  ///< whole seconds to 2^32-1 for the periods; nothing unsets
};

/// 4.00 (kMalformed) for another name, a period that is no unsigned number, a threshold that is no
/// finite number, a negative `st`.
[[nodiscard]] Result<AttributeWrite> parse_attribute_write(std::string_view query) noexcept;
/// Appends one Uri-Query value.
void write_attribute_query(ByteWriter& out, const AttributeWrite& write) noexcept;

/// The attributes of one level for one server; what is absent is not set there.
class Attributes {
 public:
  [[nodiscard]] std::optional<double> get(AttributeName name) const noexcept;
  [[nodiscard]] bool has(AttributeName name) const noexcept { return is_set(index(name)); }
  /// A period (pmin, pmax, epmin, epmax), 0 where it is not set.
  [[nodiscard]] std::uint32_t seconds(AttributeName name) const noexcept {
    return static_cast<std::uint32_t>(values_[index(name)]);
  }
  /// One Uri-Query of a Write-Attributes, with the errors of `parse_attribute_write`.
  Result<AttributeName> write(std::string_view query) noexcept;
  void apply(const AttributeWrite& write) noexcept;
  /// A period, where it is not set.
  void set_default(AttributeName period, std::uint32_t seconds) noexcept {
    if (!has(period)) put(index(period), seconds);
  }

  [[nodiscard]] bool empty() const noexcept { return set_ == 0; }
  /// gt, lt or st: only numeric resources take them.
  [[nodiscard]] bool has_thresholds() const noexcept { return set_ >= 1U << kPeriods; }

  /// The rules over what one level holds after a Write-Attributes: lt < gt, lt + 2 st < gt,
  /// pmin <= pmax, epmin <= epmax. 4.00 (kInvalidArgument) otherwise.
  [[nodiscard]] Result<void> check() const noexcept;

  /// What is not set here is as at a level farther away. Start from the level observed and go up: resource
  /// instance, resource, instance, object, the server's defaults.
  void inherit(const Attributes& farther) noexcept;
  /// What holds in the end: a pmax below pmin (or epmax below epmin) that came about by inheritance
  /// is dropped.
  void drop_contradictions() noexcept;

  friend bool operator==(const Attributes&, const Attributes&) = default;
  friend void write_attributes(LinkWriter& link, const Attributes& attributes) noexcept;
  friend Attributes read_attributes(const Link& link) noexcept;
  friend bool notifies(const Attributes& attributes, const struct Change& change) noexcept;

 private:
  static constexpr std::size_t kPeriods = 4;  // these come first, a shortest before its longest
  static constexpr std::size_t kCount = kThresholds ? kAttributeNames.size() : kPeriods;

  static constexpr std::size_t index(AttributeName name) noexcept { return static_cast<std::size_t>(name); }
  [[nodiscard]] bool is_set(std::size_t at) const noexcept { return (std::uint32_t{set_} >> at & 1U) != 0; }
  [[nodiscard]] static std::size_t find(std::string_view name) noexcept;
  [[nodiscard]] bool read(std::size_t at, std::string_view text) noexcept;
  void put(std::size_t at, std::uint64_t value) noexcept;
  void unset(std::size_t at) noexcept;
  [[nodiscard]] double threshold(AttributeName name) const noexcept;
  [[nodiscard]] bool crossed(std::size_t least) const noexcept;

  std::array<std::uint64_t, kCount> values_{};  // seconds, and the bits of doubles; 0 where not set
  std::uint8_t set_ = 0;                        // a bit for each
};

/// Appends `;pmin=10;gt=4.2` to a link of a Discover answer.
void write_attributes(LinkWriter& link, const Attributes& attributes) noexcept;
/// The NOTIFICATION attributes of a link in a Discover answer; others and unreadable ones are left out.
[[nodiscard]] Attributes read_attributes(const Link& link) noexcept;

/// What a numeric value did since it was last looked at and last notified.
struct Change {
  double old_value;  ///< at the evaluation before this one
  double new_value;
  double last_notified;  ///< in the last notification that was sent
};

/// Whether the change calls for a notification (pmin and pmax aside). With no threshold set: the
/// value differs from the one notified last. Otherwise any of: gt crossed upwards (old <= gt < new),
/// lt crossed downwards (new < lt <= old), |new - last notified| >= st (and not 0).
[[nodiscard]] bool notifies(const Attributes& attributes, const Change& change) noexcept;

}  // namespace linnet::lwm2m
