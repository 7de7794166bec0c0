// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml_cbor.hpp"

#include <bit>

#include "linnet/lwm2m/cbor_item.hpp"
#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m::senml_cbor {

using namespace std::string_view_literals;
namespace {

/// A number of any kind: an integer where that is no longer than the floating-point form (§6).
void write_number(ByteWriter& out, double v) noexcept {
  constexpr std::int64_t kLongestAsInteger = std::int64_t{1} << 53;
  constexpr std::uint64_t kNegativeZero = std::uint64_t{1} << 63;
  const auto converted = Value::number(v).convert(DataType::kInteger);
  const std::int64_t whole = converted ? converted->as_integer() : kLongestAsInteger;
  std::array<std::uint8_t, 9> as_integer;
  std::array<std::uint8_t, 9> as_float;
  ByteWriter integer(as_integer);
  ByteWriter floating(as_float);
  write_cbor_double(floating, v);
  write_cbor_integer(integer, whole);
  const bool exact = whole > -kLongestAsInteger && whole < kLongestAsInteger &&
                     std::bit_cast<std::uint64_t>(v) != kNegativeZero;
  out.bytes(exact && integer.size() <= floating.size() ? integer.written() : floating.written());
}

std::size_t number_size(double v) noexcept {
  std::array<std::uint8_t, 9> bytes;
  ByteWriter out(bytes);
  write_number(out, v);
  return out.size();
}

std::size_t text_size(std::size_t length) noexcept {
  constexpr std::size_t kLongestInHead = 23;
  return length + (length > kLongestInHead ? 2 : 1);
}

constexpr SenmlCosts kCosts{
    [](std::size_t length) noexcept { return 1 + text_size(length); },
    [](std::size_t length) noexcept { return 1 + text_size(length); },
    [](double v) noexcept { return 1 + number_size(v); },
    [](double v) noexcept { return 1 + number_size(v); },
};

void write_label(ByteWriter& out, SenmlLabel label) noexcept {
  if (label == SenmlLabel::kObjlnk) return write_cbor_text(out, "vlo"sv);
  write_cbor_integer(out, static_cast<std::int64_t>(label));
}

void write_value(ByteWriter& out, const Value& value) noexcept {
  switch (value.type()) {
    case DataType::kNone: break;
    case DataType::kString:
    case DataType::kCorelnk:
      write_label(out, SenmlLabel::kString);
      write_cbor_text(out, value.as_string());
      break;
    case DataType::kInteger:
    case DataType::kTime:
      write_label(out, SenmlLabel::kValue);
      write_cbor_integer(out, value.as_integer());
      break;
    case DataType::kUnsigned:
      write_label(out, SenmlLabel::kValue);
      write_cbor_head(out, CborMajor::kUnsigned, value.as_unsigned());
      break;
    case DataType::kFloat:
      // Not as an integer, though that may be shorter: Leshan 2.0 takes only floating point for a Float.
      write_label(out, SenmlLabel::kValue);
      write_cbor_double(out, value.as_float());
      break;
    case DataType::kBoolean:
      write_label(out, SenmlLabel::kBoolean);
      write_cbor_boolean(out, value.as_boolean());
      break;
    case DataType::kOpaque:
      write_label(out, SenmlLabel::kData);
      write_cbor_bytes(out, value.as_opaque());
      break;
    case DataType::kObjlnk:
      write_label(out, SenmlLabel::kObjlnk);
      write_cbor_text(out, ObjlnkText(value.as_objlnk()).view());
      break;
  }
}

SenmlLabel label_of_number(std::int64_t number) noexcept {
  for (const SenmlLabelName& known : kSenmlLabels) {
    if (known.label != SenmlLabel::kObjlnk && number == static_cast<std::int64_t>(known.label))
      return known.label;
  }
  return SenmlLabel::kIgnored;
}

/// Integers are the labels of table 4; of the texts only those count that have no integer.
Result<SenmlLabel> label_of(const Value& key) noexcept {
  if (key.type() == DataType::kInteger) return label_of_number(key.as_integer());
  if (key.type() != DataType::kString) return malformed();
  if (key.as_string() == "vlo"sv) return SenmlLabel::kObjlnk;
  if (key.as_string().ends_with('_')) return malformed();  // RFC 8428 §4.4
  return SenmlLabel::kIgnored;
}

Result<void> read_record(CborReader& reader, SenmlResolver& resolver, ByteSpan scratch) noexcept {
  constexpr std::size_t kMaxChunkedLabel = 64;
  auto map = reader.open(CborMajor::kMap);
  if (!map) return std::unexpected(map.error());
  resolver.begin();
  std::array<std::uint8_t, kMaxChunkedLabel> short_text;
  while (true) {
    const auto another = reader.more(*map);
    if (!another) return std::unexpected(another.error());
    if (!*another) return resolver.end();
    const auto key = reader.value(short_text);
    if (!key) return std::unexpected(key.error());
    const auto label = label_of(*key);
    if (!label) return std::unexpected(label.error());
    if (*label == SenmlLabel::kIgnored) {
      if (const auto passed = reader.skip(); !passed) return passed;
      continue;
    }
    const bool held = *label == SenmlLabel::kString || *label == SenmlLabel::kData;
    const auto value = reader.value(held ? scratch : ByteSpan(short_text));
    if (!value) return std::unexpected(value.error());
    if (const auto taken = resolver.set(*label, *value); !taken) return taken;
  }
}

}  // namespace

Result<std::size_t> encode(const Path& base, RecordWalk walk, ByteSpan out) noexcept {
  const auto plan = plan_senml(base, walk, kCosts);
  if (!plan) return std::unexpected(plan.error());
  ByteWriter writer(out);
  SenmlNaming naming(plan->split);
  write_cbor_head(writer, CborMajor::kArray, plan->records);
  bool first = true;
  const auto take = [&](const Record& record) -> Result<void> {
    const SenmlNames names = naming.next(record.path);
    const bool send_base_time = first && plan->base_time;
    const double time = record.time.value_or(0) - plan->base_time.value_or(0);
    const bool send_time = record.time && (!plan->base_time || time != 0);
    first = false;
    write_cbor_head(writer, CborMajor::kMap,
                    static_cast<std::size_t>(!names.base.empty()) + (send_base_time ? 1 : 0) +
                        (names.rest.empty() ? 0 : 1) + (send_time ? 1 : 0) + (record.value.none() ? 0 : 1));
    if (!names.base.empty()) {
      write_label(writer, SenmlLabel::kBaseName);
      write_cbor_text(writer, names.base);
    }
    if (send_base_time) {
      write_label(writer, SenmlLabel::kBaseTime);
      write_number(writer, *plan->base_time);
    }
    if (!names.rest.empty()) {
      write_label(writer, SenmlLabel::kName);
      write_cbor_text(writer, names.rest);
    }
    if (send_time) {
      write_label(writer, SenmlLabel::kTime);
      write_number(writer, time);
    }
    write_value(writer, record.value);
    return {};
  };
  if (const auto walked = walk(take); !walked) return std::unexpected(walked.error());
  return writer.finish();
}

Result<void> decode(const Path& base, ByteView payload, TypeOf type_of, ByteSpan scratch,
                    RecordSink sink) noexcept {
  CborReader reader(payload);
  SenmlResolver resolver(base, type_of, sink);
  auto pack = reader.open(CborMajor::kArray);
  if (!pack) return std::unexpected(pack.error());
  while (true) {
    const auto another = reader.more(*pack);
    if (!another) return std::unexpected(another.error());
    if (!*another) {
      if (!reader.empty()) return malformed();
      return {};
    }
    if (const auto taken = read_record(reader, resolver, scratch); !taken) return taken;
  }
}

}  // namespace linnet::lwm2m::senml_cbor
