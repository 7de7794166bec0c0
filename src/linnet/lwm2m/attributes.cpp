// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/attributes.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "linnet/base/outlined.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/float_bits.hpp"
#include "linnet/lwm2m/number_text.hpp"

namespace linnet::lwm2m {
namespace {

constexpr auto kBadRequest = static_cast<std::uint8_t>(coap::Code::kBadRequest);

/// In the order of AttributeName.
constexpr std::array<std::string_view, kAttributeNames.size()> kNames{"pmin", "pmax", "epmin", "epmax",
                                                                      "gt",   "lt",   "st"};

/// Whether a value went upwards beyond a limit.
LINNET_OUTLINED bool passes(double from, double limit, double to) noexcept {
  return from <= limit && to > limit;
}

}  // namespace

std::string_view to_string(AttributeName name) noexcept {
  return kNames[static_cast<std::size_t>(name)];
}

/// kCount for a name that is not known.
std::size_t Attributes::find(std::string_view name) noexcept {
  std::size_t at = 0;
  while (at < kCount && kNames[at] != name) ++at;
  return at;
}

void Attributes::put(std::size_t at, std::uint64_t value) noexcept {
  set_ = static_cast<std::uint8_t>(set_ | 1U << at);
  values_[at] = value;
}

void Attributes::unset(std::size_t at) noexcept {
  set_ = static_cast<std::uint8_t>(set_ & ~(1U << at));
  values_[at] = 0;
}

double Attributes::threshold(AttributeName name) const noexcept {
  return std::bit_cast<double>(values_[index(name)]);
}

/// False, and nothing is set, where the text is no value of this attribute.
bool Attributes::read(std::size_t at, std::string_view text) noexcept {
  if (at < kPeriods) {
    const auto seconds = parse_digits(text, std::numeric_limits<std::uint32_t>::max());
    if (seconds) put(at, *seconds);
    return seconds.has_value();
  }
  const auto number = parse_number(text, NumberForm::kPlain);
  const double value = number ? number->to_double() : 0;
  if (!number || (at == index(AttributeName::kSt) && value < 0)) return false;
  put(at, std::bit_cast<std::uint64_t>(value));
  return true;
}

Result<AttributeName> Attributes::write(std::string_view query) noexcept {
  const std::size_t equals = query.find('=');
  const std::size_t at = find(query.substr(0, equals));
  if (at == kCount) return fail(Errc::kMalformed, kBadRequest);
  if (equals == std::string_view::npos) {
    unset(at);
  } else if (!read(at, query.substr(equals + 1))) {
    return fail(Errc::kMalformed, kBadRequest);
  }
  return static_cast<AttributeName>(at);
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
  if (write.name < AttributeName::kGt)
    write_digits(out, static_cast<std::uint32_t>(*write.value));
  else
    write_double(out, *write.value);
}

std::optional<double> Attributes::get(AttributeName name) const noexcept {
  if (!has(name)) return std::nullopt;
  return index(name) < kPeriods ? static_cast<double>(seconds(name)) : threshold(name);
}

void Attributes::apply(const AttributeWrite& write) noexcept {
  const std::size_t at = index(write.name);
  if (at >= kCount) return;
  if (!write.value) return unset(at);
  put(at,
      at < kPeriods ? static_cast<std::uint32_t>(*write.value) : std::bit_cast<std::uint64_t>(*write.value));
}

/// Whether a shortest period is longer than its longest, which stands behind it.
bool Attributes::crossed(std::size_t least) const noexcept {
  return is_set(least + 1) && values_[least] > values_[least + 1];
}

Result<void> Attributes::check() const noexcept {
  bool good = !crossed(index(AttributeName::kPmin)) && !crossed(index(AttributeName::kEpmin));
  if constexpr (kThresholds) {
    const bool both = has(AttributeName::kLt) && has(AttributeName::kGt);
    const double least = threshold(AttributeName::kLt) + 2 * threshold(AttributeName::kSt);
    if (both && least >= threshold(AttributeName::kGt)) good = false;
  }
  return good ? Result<void>() : fail(Errc::kInvalidArgument, kBadRequest);
}

void Attributes::inherit(const Attributes& farther) noexcept {
  for (std::size_t at = 0; at < kCount; ++at) {
    if (!is_set(at) && farther.is_set(at)) put(at, farther.values_[at]);
  }
}

void Attributes::drop_contradictions() noexcept {
  for (std::size_t least = 0; least < kPeriods; least += 2) {
    if (crossed(least)) unset(least + 1);
  }
}

void write_attributes(LinkWriter& link, const Attributes& attributes) noexcept {
  for (std::size_t at = 0; at < Attributes::kCount; ++at) {
    if (!attributes.is_set(at)) continue;
    link.attribute(kNames[at]);
    link.out().u8('=');
    const std::uint64_t value = attributes.values_[at];
    if (at < Attributes::kPeriods)
      write_digits(link.out(), value);
    else
      write_double(link.out(), std::bit_cast<double>(value));
  }
}

Attributes read_attributes(const Link& link) noexcept {
  Attributes attributes;
  LinkAttributes all = link.attributes();
  while (const auto given = all.next()) {
    const std::size_t at = Attributes::find(given->name);
    if (at < Attributes::kCount && !attributes.is_set(at)) (void)attributes.read(at, given->value);
  }
  return attributes;
}

bool notifies(const Attributes& attributes, const Change& change) noexcept {
  if (!attributes.has_thresholds()) return !same_number(change.new_value, change.last_notified);
  if constexpr (!kThresholds) return false;
  if (attributes.has(AttributeName::kGt) &&
      passes(change.old_value, attributes.threshold(AttributeName::kGt), change.new_value))
    return true;
  if (attributes.has(AttributeName::kLt) &&
      passes(-change.old_value, -attributes.threshold(AttributeName::kLt), -change.new_value))
    return true;
  const double step = std::fabs(change.new_value - change.last_notified);
  return attributes.has(AttributeName::kSt) && step > 0 && step >= attributes.threshold(AttributeName::kSt);
}

}  // namespace linnet::lwm2m
