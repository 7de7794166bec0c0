// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/attributes.hpp"

#include <cmath>
#include <limits>

#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {
namespace {

constexpr auto kBadRequest = static_cast<std::uint8_t>(coap::Code::kBadRequest);

using Period = std::optional<std::uint32_t> Attributes::*;
using Threshold = std::optional<double> Attributes::*;

/// Where an attribute lives: one of the two is set.
struct Field {
  std::string_view name;
  Period period = nullptr;
  Threshold threshold = nullptr;
};

/// In the order of AttributeName.
constexpr std::array kFields{
    Field{"pmin", &Attributes::pmin, nullptr},   Field{"pmax", &Attributes::pmax, nullptr},
    Field{"epmin", &Attributes::epmin, nullptr}, Field{"epmax", &Attributes::epmax, nullptr},
    Field{"gt", nullptr, &Attributes::gt},       Field{"lt", nullptr, &Attributes::lt},
    Field{"st", nullptr, &Attributes::st}};

constexpr const Field& field(AttributeName name) noexcept {
  return kFields[static_cast<std::size_t>(name)];
}

constexpr std::optional<AttributeName> name_of(std::string_view text) noexcept {
  for (const AttributeName name : kAttributeNames) {
    if (field(name).name == text) return name;
  }
  return std::nullopt;
}

std::optional<double> parse_value(AttributeName name, std::string_view text) noexcept {
  if (field(name).period != nullptr) {
    const auto seconds = parse_digits(text, std::numeric_limits<std::uint32_t>::max());
    if (!seconds) return std::nullopt;
    return static_cast<double>(*seconds);
  }
  const auto number = parse_number(text, NumberForm::kPlain);
  if (!number || (name == AttributeName::kSt && number->to_double() < 0)) return std::nullopt;
  return number->to_double();
}

void write_value(ByteWriter& out, AttributeName name, double value) noexcept {
  if (field(name).period != nullptr) {
    write_digits(out, static_cast<std::uint32_t>(value));
  } else {
    write_double(out, value);
  }
}

constexpr bool above(const std::optional<std::uint32_t>& low,
                     const std::optional<std::uint32_t>& high) noexcept {
  return low && high && *low > *high;
}

}  // namespace

std::string_view to_string(AttributeName name) noexcept {
  return field(name).name;
}

Result<AttributeWrite> parse_attribute_write(std::string_view query) noexcept {
  const std::size_t equals = query.find('=');
  const auto name = name_of(query.substr(0, equals));
  if (!name) return fail(Errc::kMalformed, kBadRequest);
  if (equals == std::string_view::npos) return AttributeWrite{*name, std::nullopt};
  const auto value = parse_value(*name, query.substr(equals + 1));
  if (!value) return fail(Errc::kMalformed, kBadRequest);
  return AttributeWrite{*name, value};
}

void write_attribute_query(ByteWriter& out, const AttributeWrite& write) noexcept {
  out.text(to_string(write.name));
  if (!write.value) return;
  out.u8('=');
  write_value(out, write.name, *write.value);
}

std::optional<double> Attributes::get(AttributeName name) const noexcept {
  const Field& at = field(name);
  if (at.threshold != nullptr) return this->*at.threshold;
  const auto& seconds = this->*at.period;
  return seconds ? std::optional<double>(*seconds) : std::nullopt;
}

void Attributes::apply(const AttributeWrite& write) noexcept {
  const Field& at = field(write.name);
  if (at.threshold != nullptr) {
    this->*at.threshold = write.value;
  } else if (write.value) {
    this->*at.period = static_cast<std::uint32_t>(*write.value);
  } else {
    (this->*at.period).reset();
  }
}

Result<void> Attributes::check() const noexcept {
  const bool thresholds_cross = lt && gt && (*lt >= *gt || (st && *lt + 2 * *st >= *gt));
  if (thresholds_cross || above(pmin, pmax) || above(epmin, epmax)) {
    return fail(Errc::kInvalidArgument, kBadRequest);
  }
  return {};
}

Attributes inherit(const Attributes& nearer, const Attributes& farther) noexcept {
  Attributes merged = nearer;
  for (const Field& at : kFields) {
    if (at.threshold != nullptr && !(merged.*at.threshold)) merged.*at.threshold = farther.*at.threshold;
    if (at.period != nullptr && !(merged.*at.period)) merged.*at.period = farther.*at.period;
  }
  return merged;
}

Attributes effective(Attributes inherited) noexcept {
  if (above(inherited.pmin, inherited.pmax)) inherited.pmax.reset();
  if (above(inherited.epmin, inherited.epmax)) inherited.epmax.reset();
  return inherited;
}

void write_attributes(LinkWriter& link, const Attributes& attributes) noexcept {
  for (const AttributeName name : kAttributeNames) {
    const auto value = attributes.get(name);
    if (!value) continue;
    link.attribute(to_string(name));
    link.out().u8('=');
    write_value(link.out(), name, *value);
  }
}

Attributes read_attributes(const Link& link) noexcept {
  Attributes attributes;
  LinkAttributes all = link.attributes();
  while (const auto given = all.next()) {
    const auto name = name_of(given->name);
    if (!name || attributes.get(*name)) continue;
    if (const auto value = parse_value(*name, given->value)) attributes.apply({*name, value});
  }
  return attributes;
}

bool notifies(const Attributes& attributes, const Change& change) noexcept {
  if (!attributes.has_thresholds()) return change.new_value != change.last_notified;
  const bool above_gt =
      attributes.gt && change.old_value <= *attributes.gt && change.new_value > *attributes.gt;
  const bool below_lt =
      attributes.lt && change.old_value >= *attributes.lt && change.new_value < *attributes.lt;
  const double step = std::fabs(change.new_value - change.last_notified);
  const bool stepped = attributes.st && step >= *attributes.st && step > 0;
  return above_gt || below_lt || stepped;
}

}  // namespace linnet::lwm2m
