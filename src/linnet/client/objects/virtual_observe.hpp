// SPDX-License-Identifier: Apache-2.0
// Virtual Observe Notify, object 22 version 1.0: one Report, in SenML JSON, of values from anywhere in
// the device, renewed when they meet the conditions of their links (`</3303/0/5700>;gt=30;pmin=60`).
// Servers observe the Report.
//
// Readings: pmin and pmax of a link count from the last Report; default periods of object 1 do not
// hold (note 2 of the definition). With ResourceFilter pmax is out of force (note 1). A value goes into
// a Report only where every server that may read the Report may read the value.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"
#include "linnet/lwm2m/attributes.hpp"

namespace linnet::client {

/// One link, or an empty text.
struct CoreLink {
  Text<96> text;
  friend bool operator==(const CoreLink&, const CoreLink&) = default;
};

/// What a link of object 22 names, and when it is to be reported.
struct ObserveLink {
  Path path;  ///< of an object instance, a resource or an instance of one; the root where there is no link
  lwm2m::Attributes attributes;  ///< lt, gt, st, pmin and pmax

  /// kMalformed: no single link, another path, an unknown condition. kInvalidArgument: objects 0, 21
  /// and 22, or conditions that contradict each other.
  [[nodiscard]] static Result<ObserveLink> parse(std::string_view text) noexcept;
};

template <>
struct Holder<CoreLink> {
  static constexpr auto kType = lwm2m::DataType::kCorelnk;
  static Value read(const CoreLink& v) noexcept { return Value::corelnk(v.text.view()); }
  static bool fits(const Value& value) noexcept {
    return value.as_string().size() <= decltype(CoreLink::text)::kCapacity &&
           ObserveLink::parse(value.as_string()).has_value();
  }
  static void write(CoreLink& v, const Value& value) noexcept { v.text.assign(value.as_string()); }
};

struct VirtualObserveInstance {
  static constexpr std::size_t kMaxLinks = 8;
  static constexpr std::size_t kMaxReport = 1024;  ///< bytes; a longer Report is answered 5.00
  enum Relation : std::int8_t { kOr = 0, kAnd = 1 };

  /// What was seen at a link.
  struct Seen {
    std::uint32_t digest = 0, reported_digest = 0;  ///< of all values at and below the path
    double value = 0, reported = 0;                 ///< where it is one number
    bool due = false;                               ///< its condition was met since the last Report
  };

  Multiple<CoreLink, kMaxLinks> observe_links;
  Text<kMaxReport> report;
  std::optional<bool> resource_filter;
  Multiple<CoreLink, kMaxLinks> report_links;
  std::optional<std::int8_t> relation;

  // The behaviour's own.
  std::array<Seen, kMaxLinks> observed{};
  std::array<std::uint32_t, kMaxLinks> report_digests{};  ///< of what the report links lead to
  Instant reported_at{};
  bool fresh = true;      ///< what there is now is not news
  bool too_long = false;  ///< the Report had no room

  static constexpr ObjectId kId = 22;
  using Self = VirtualObserveInstance;
  static constexpr auto resources() noexcept {
    return std::array{resource<&Self::observe_links>(0, Operations::kRW, Presence::kMandatory),
                      resource<&Self::report>(1, Operations::kR, Presence::kMandatory),
                      resource<&Self::resource_filter>(2, Operations::kRW),
                      resource<&Self::report_links>(3, Operations::kRW),
                      resource<&Self::relation>(4, Operations::kRW, Presence::kOptional, in_range<0, 1>)};
  }
};

class VirtualObserveBehaviour : public TypedObject {
 public:
  [[nodiscard]] Result<Value> read(const Path& path) noexcept override;
  Result<void> write(const Path& path, const Value& value) noexcept override;
  void erase(const Path& resource) noexcept override;
  Instant step(Instant now) noexcept override;

 protected:
  using TypedObject::TypedObject;
  ~VirtualObserveBehaviour() = default;

 private:
  struct Look;
  [[nodiscard]] VirtualObserveInstance& at(InstanceId instance) const noexcept;
  [[nodiscard]] bool shown(InstanceId instance, const Path& path) const noexcept;
  [[nodiscard]] Look look(InstanceId instance, const Path& path) const noexcept;
  [[nodiscard]] Instant watch(InstanceId instance, Instant now) noexcept;
  [[nodiscard]] Instant due(const VirtualObserveInstance& row, const ObserveLink& link,
                            const VirtualObserveInstance::Seen& seen) const noexcept;
  void report(InstanceId instance, Instant now) noexcept;
};

/// Each instance takes some 3.5 kB.
template <std::size_t N>
using VirtualObserveObject =
    Instances<VirtualObserveInstance, N, Creation::kByServers, VirtualObserveBehaviour>;

}  // namespace linnet::client
