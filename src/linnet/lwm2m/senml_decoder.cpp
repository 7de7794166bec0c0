// SPDX-License-Identifier: Apache-2.0
// A SenML pack as records: the fields of each put together, with the base fields in front of them.
#include <cstring>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {
namespace {

/// A name or base name; longer than the longest path it can lead to none.
constexpr std::size_t kMaxName = Path::kMaxText;
/// A key or a name that is written in another way than as it is.
constexpr std::size_t kMaxOtherText = 64;

bool is_signed(const Value& v) noexcept {
  return v.type() == DataType::kInteger || v.type() == DataType::kTime;
}

/// Makes `value` base + value, as an integer where both are and the sum fits; either may be missing, and what
/// is no number stays as it is.
void add_base(Value& value, const Value& base) noexcept {
  std::int64_t sum = 0;
  if (value.none()) {
    value = base;
  } else if (base.none() || !value.numeric()) {
    return;
  } else if (is_signed(base) && is_signed(value) &&
             !__builtin_add_overflow(base.as_integer(), value.as_integer(), &sum)) {
    value = Value::integer(sum);
  } else {
    value = Value::number(base.to_double() + value.to_double());
  }
}

/// The field that a key names, null where it is none that is known. Labels with numbers have no other text
/// than that of the field without one.
const SenmlField* find_field(const Value& key, bool numbers) noexcept {
  const std::string_view name = key.as_string();
  for (const SenmlField& known : kSenmlFields) {
    const bool by_number = numbers && known.label != SenmlLabel::kObjlnk;
    if (by_number
            ? key.type() == DataType::kInteger && key.as_integer() == static_cast<std::int8_t>(known.label)
            : name == known.name()) {
      return &known;
    }
  }
  return nullptr;
}

/// A field that must be understood (RFC 8428 §4.4), or no key at all.
bool is_forbidden(const Value& key) noexcept {
  return key.type() == DataType::kString ? key.as_string().ends_with('_') : key.type() != DataType::kInteger;
}

class Decoder {
 public:
  explicit Decoder(const Decoding& decoding) noexcept : decoding_(decoding) {}

  /// A new record begins.
  void begin() noexcept {
    name_size_ = 0;
    values_[0] = {};
    values_[1] = {};
    seen_ = 0;
  }
  /// One field of it, at most once each and at most one value. Text and data must stay until `end`,
  /// names need not.
  [[nodiscard]] Result<void> set(const SenmlField& field, Value& value) noexcept;
  /// The record is complete.
  [[nodiscard]] Result<void> end() noexcept;

 private:
  const Decoding& decoding_;

  // The base name ends in the middle, where the name begins.
  std::array<char, 2 * kMaxName> names_;
  std::size_t base_name_size_ = 0;
  std::size_t name_size_ = 0;
  std::array<Value, 4> values_;  // by their places; kNone where none was given
  std::uint32_t seen_ = 0;       // a bit for each place in this record
};

Result<void> Decoder::set(const SenmlField& field, Value& value) noexcept {
  constexpr std::uint64_t kVersion = 10;  // RFC 8428 §4.1
  const auto place = static_cast<unsigned>(field.place);
  if ((seen_ >> place & 1) != 0) return malformed();
  seen_ |= 1U << place;
  if (field.type == DataType::kFloat ? !value.numeric() : value.type() != field.type) return wrong_type();
  if (field.place == SenmlPlace::kBaseVersion) {
    if (!value.become(DataType::kUnsigned) || value.bits() == 0) return malformed();
    return value.bits() > kVersion ? unsupported_format() : Result<void>();
  }
  if (field.place >= SenmlPlace::kName) {
    const std::string_view text = value.as_string();
    if (text.size() > kMaxName) return malformed();
    const bool in_front = field.place == SenmlPlace::kBaseName;
    (in_front ? base_name_size_ : name_size_) = text.size();
    std::memcpy(names_.data() + kMaxName - (in_front ? text.size() : 0), text.data(), text.size());
    return {};
  }
  values_[place] = value;
  return field.label == SenmlLabel::kObjlnk ? make_typed(values_[place], DataType::kObjlnk) : Result<void>();
}

Result<void> Decoder::end() noexcept {
  const auto path = Path::parse({names_.data() + kMaxName - base_name_size_, base_name_size_ + name_size_});
  if (!path || !decoding_.base.contains(*path)) return malformed();
  auto& [value, time, base_value, base_time] = values_;
  add_base(value, base_value);
  add_base(time, base_time);
  if (!value.none()) {
    if (path->depth() < 3) return malformed();
    if (const auto typed = make_typed(value, decoding_.type_of(*path)); !typed) return typed;
  }
  Record record{*path, value, {}};
  if (!time.none()) {
    record.time = time.to_double();
    if (!is_finite(*record.time)) return malformed();
  }
  return decoding_.sink(record);
}

}  // namespace

Result<void> decode_senml(const SenmlForm& form, ItemReader& reader, const Decoding& decoding) noexcept {
  Decoder decoder(decoding);
  std::array<std::uint8_t, kMaxOtherText> short_text;
  if (reader.next() != Item::kArray) reader.refuse(wrong_type());
  for (Item record = reader.next(); record != Item::kEnd; record = reader.next()) {
    if (record != Item::kMap) reader.refuse(wrong_type());
    decoder.begin();
    while (reader.next() != Item::kEnd) {
      reader.read(short_text);
      const SenmlField* field = find_field(reader.value(), form.data == nullptr);
      if (field == nullptr && is_forbidden(reader.value())) reader.refuse(malformed());
      const Item item = reader.next();
      if (field == nullptr) {
        reader.skip(item);
        continue;
      }
      const bool held = field->place == SenmlPlace::kValue;
      reader.read(held ? decoding.scratch : ByteSpan(short_text));
      Value& value = reader.value();
      if (form.data != nullptr && field->label == SenmlLabel::kData && value.type() == DataType::kString) {
        reader.refuse(form.data(value, decoding.scratch));
      }
      if (reader.ok()) reader.refuse(decoder.set(*field, value));
    }
    if (reader.ok()) reader.refuse(decoder.end());
  }
  return reader.finish();
}

}  // namespace linnet::lwm2m
