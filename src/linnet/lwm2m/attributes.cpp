// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/attributes.hpp"

#include <cmath>
#include <limits>
#include <span>

#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/float_bits.hpp"
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

/// In the order of AttributeName: the thresholds stand last.
constexpr std::array<Field, 7> kFields{
    Field{"pmin", &Attributes::pmin, nullptr},   Field{"pmax", &Attributes::pmax, nullptr},
    Field{"epmin", &Attributes::epmin, nullptr}, Field{"epmax", &Attributes::epmax, nullptr},
    Field{"gt", nullptr, &Attributes::gt},       Field{"lt", nullptr, &Attributes::lt},
    Field{"st", nullptr, &Attributes::st}};
constexpr std::size_t kPeriods = 4;
constexpr std::span kKnown = std::span(kFields).first(kThresholds ? kFields.size() : kPeriods);

constexpr bool is_period(const Field& field) noexcept {
  return !kThresholds || field.period != nullptr;
}

constexpr const Field& field_of(AttributeName name) noexcept {
  return kFields[static_cast<std::size_t>(name)];
}

constexpr const Field* find_field(std::string_view name) noexcept {
  for (const Field& known : kKnown) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

/// False, and nothing is set, where the text is no value of this attribute.
bool read_value(const Field& field, std::string_view text, Attributes& attributes) noexcept {
  if (is_period(field)) {
    const auto seconds = parse_digits(text, std::numeric_limits<std::uint32_t>::max());
    if (seconds) attributes.*field.period = static_cast<std::uint32_t>(*seconds);
    return seconds.has_value();
  }
  const auto number = parse_number(text, NumberForm::kPlain);
  if (!number || (field.threshold == &Attributes::st && number->to_double() < 0)) return false;
  attributes.*field.threshold = number->to_double();
  return true;
}

constexpr bool above(const std::optional<std::uint32_t>& low,
                     const std::optional<std::uint32_t>& high) noexcept {
  return low && high && *low > *high;
}

}  // namespace

std::string_view to_string(AttributeName name) noexcept {
  return field_of(name).name;
}

Result<AttributeName> Attributes::write(std::string_view query) noexcept {
  const std::size_t equals = query.find('=');
  const Field* field = find_field(query.substr(0, equals));
  if (field == nullptr) return fail(Errc::kMalformed, kBadRequest);
  if (equals != std::string_view::npos) {
    if (!read_value(*field, query.substr(equals + 1), *this)) return fail(Errc::kMalformed, kBadRequest);
  } else if (is_period(*field)) {
    (this->*field->period).reset();
  } else {
    (this->*field->threshold).reset();
  }
  return static_cast<AttributeName>(field - kFields.data());
}

Result<AttributeWrite> parse_attribute_write(std::string_view query) noexcept {
  Attributes attributes;
  const auto name = attributes.write(query);
  if (!name) return std::unexpected(name.error());
  return AttributeWrite{*name, attributes.get(*name)};
}

void write_attribute_query(ByteWriter& out, const AttributeWrite& write) noexcept {
  out.text(to_string(write.name));
  if (!write.value) return;
  out.u8('=');
  if (is_period(field_of(write.name)))
    write_digits(out, static_cast<std::uint32_t>(*write.value));
  else
    write_double(out, *write.value);
}

std::optional<double> Attributes::get(AttributeName name) const noexcept {
  const Field& at = field_of(name);
  if (!is_period(at)) return this->*at.threshold;
  const auto& seconds = this->*at.period;
  return seconds ? std::optional<double>(*seconds) : std::nullopt;
}

void Attributes::apply(const AttributeWrite& write) noexcept {
  const Field& at = field_of(write.name);
  if (!is_period(at)) {
    this->*at.threshold = write.value;
  } else if (write.value) {
    this->*at.period = static_cast<std::uint32_t>(*write.value);
  } else {
    (this->*at.period).reset();
  }
}

Result<void> Attributes::check() const noexcept {
  const bool thresholds_cross = kThresholds && lt && gt && (*lt >= *gt || (st && *lt + 2 * *st >= *gt));
  if (thresholds_cross || above(pmin, pmax) || above(epmin, epmax)) {
    return fail(Errc::kInvalidArgument, kBadRequest);
  }
  return {};
}

Attributes inherit(const Attributes& nearer, const Attributes& farther) noexcept {
  Attributes merged = nearer;
  for (const Field& at : kKnown) {
    if (!is_period(at)) {
      if (!(merged.*at.threshold)) merged.*at.threshold = farther.*at.threshold;
    } else if (!(merged.*at.period)) {
      merged.*at.period = farther.*at.period;
    }
  }
  return merged;
}

Attributes effective(Attributes inherited) noexcept {
  if (above(inherited.pmin, inherited.pmax)) inherited.pmax.reset();
  if (above(inherited.epmin, inherited.epmax)) inherited.epmax.reset();
  return inherited;
}

void write_attributes(LinkWriter& link, const Attributes& attributes) noexcept {
  for (const Field& at : kKnown) {
    if (!is_period(at)) {
      if (!(attributes.*at.threshold)) continue;
      link.attribute(at.name);
      link.out().u8('=');
      write_double(link.out(), *(attributes.*at.threshold));
    } else if (attributes.*at.period) {
      link.attribute(at.name, std::uint64_t{*(attributes.*at.period)});
    }
  }
}

Attributes read_attributes(const Link& link) noexcept {
  Attributes attributes;
  LinkAttributes all = link.attributes();
  while (const auto given = all.next()) {
    const Field* field = find_field(given->name);
    if (field == nullptr) continue;
    const bool known = is_period(*field) ? (attributes.*field->period).has_value()
                                         : (attributes.*field->threshold).has_value();
    if (!known) (void)read_value(*field, given->value, attributes);
  }
  return attributes;
}

bool notifies(const Attributes& attributes, const Change& change) noexcept {
  if (!attributes.has_thresholds()) return !same_number(change.new_value, change.last_notified);
  const bool above_gt =
      attributes.gt && change.old_value <= *attributes.gt && change.new_value > *attributes.gt;
  const bool below_lt =
      attributes.lt && change.old_value >= *attributes.lt && change.new_value < *attributes.lt;
  const double step = std::fabs(change.new_value - change.last_notified);
  const bool stepped = attributes.st && step >= *attributes.st && step > 0;
  return above_gt || below_lt || stepped;
}

}  // namespace linnet::lwm2m
