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

constexpr std::uint32_t bit(SenmlLabel label) noexcept {
  constexpr int kLowestLabel = -5;
  return 1U << (static_cast<int>(label) - kLowestLabel);
}
constexpr std::uint32_t kValues = bit(SenmlLabel::kValue) | bit(SenmlLabel::kString) |
                                  bit(SenmlLabel::kBoolean) | bit(SenmlLabel::kData) |
                                  bit(SenmlLabel::kObjlnk);

/// a + b, as an integer where both are and the sum fits.
Value add(const Value& a, const Value& b) noexcept {
  const auto is_signed = [](const Value& v) {
    return v.type() == DataType::kInteger || v.type() == DataType::kTime;
  };
  std::int64_t sum = 0;
  if (is_signed(a) && is_signed(b) && !__builtin_add_overflow(a.as_integer(), b.as_integer(), &sum)) {
    return Value::integer(sum);
  }
  return Value::number(a.to_double() + b.to_double());
}

/// The field that a key names, null where it is none that is known. Labels with numbers have no other text
/// than that of the field without one.
const SenmlField* find_field(const Value& key, bool numbers) noexcept {
  for (const SenmlField& known : kSenmlFields) {
    const bool by_number = numbers && known.label != SenmlLabel::kObjlnk;
    if (by_number
            ? key.type() == DataType::kInteger && key.as_integer() == static_cast<std::int8_t>(known.label)
            : key.as_string() == known.name) {
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
    record_.value = {};
    time_ = 0;
    seen_ = 0;
  }
  /// One field of it, at most once each and at most one value. Text and data must stay until `end`,
  /// names need not.
  [[nodiscard]] Result<void> set(const SenmlField& field, const Value& value) noexcept;
  /// The record is complete.
  [[nodiscard]] Result<void> end() noexcept;

 private:
  const Decoding& decoding_;

  // The base name ends in the middle, where the name begins.
  std::array<char, 2 * kMaxName> names_;
  std::size_t base_name_size_ = 0;
  std::size_t name_size_ = 0;
  Record record_;
  Value base_value_;  // kNone where none was given
  double base_time_ = 0;
  double time_ = 0;
  std::uint32_t seen_ = 0;  // one bit for each field of this record
  std::uint32_t ever_ = 0;  // and of any
};

Result<void> Decoder::set(const SenmlField& field, const Value& value) noexcept {
  constexpr std::uint64_t kVersion = 10;  // RFC 8428 §4.1
  const std::uint32_t flag = bit(field.label);
  if ((seen_ & ((flag & kValues) != 0 ? kValues : flag)) != 0) return malformed();
  seen_ |= flag;
  ever_ |= flag;
  if (field.type == DataType::kFloat ? !value.numeric() : value.type() != field.type) return wrong_type();
  const std::string_view text = value.as_string();
  switch (field.label) {
    case SenmlLabel::kBaseVersion: {
      const auto version = value.convert(DataType::kUnsigned);
      if (!version || version->as_unsigned() == 0) return malformed();
      if (version->as_unsigned() > kVersion) return unsupported_format();
      break;
    }
    case SenmlLabel::kBaseName:
    case SenmlLabel::kName: {
      if (text.size() > kMaxName) return malformed();
      const bool in_front = field.label == SenmlLabel::kBaseName;
      (in_front ? base_name_size_ : name_size_) = text.size();
      std::memcpy(names_.data() + kMaxName - (in_front ? text.size() : 0), text.data(), text.size());
      break;
    }
    case SenmlLabel::kBaseTime: base_time_ = value.to_double(); break;
    case SenmlLabel::kTime: time_ = value.to_double(); break;
    case SenmlLabel::kBaseValue: base_value_ = value; break;
    default: record_.value = value; break;
  }
  if (field.label == SenmlLabel::kObjlnk) {
    const auto link = typed(value, DataType::kObjlnk);
    if (!link) return std::unexpected(link.error());
    record_.value = *link;
  }
  return {};
}

Result<void> Decoder::end() noexcept {
  const auto path = Path::parse({names_.data() + kMaxName - base_name_size_, base_name_size_ + name_size_});
  if (!path || !decoding_.base.contains(*path)) return malformed();
  record_.path = *path;
  Value& value = record_.value;
  if (!base_value_.none()) {
    if (value.numeric()) value = add(base_value_, value);
    if (value.none()) value = base_value_;
  }
  if (!value.none()) {
    if (path->depth() < 3) return malformed();
    const auto given = typed(value, decoding_.type_of(*path));
    if (!given) return std::unexpected(given.error());
    value = *given;
  }
  record_.time.reset();
  if (((seen_ & bit(SenmlLabel::kTime)) | (ever_ & bit(SenmlLabel::kBaseTime))) != 0) {
    record_.time = time_ + base_time_;
    if (!is_finite(*record_.time)) return malformed();
  }
  return decoding_.sink(record_);
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
      const Value key = reader.value(short_text);
      const SenmlField* field = find_field(key, form.data == nullptr);
      if (field == nullptr && is_forbidden(key)) reader.refuse(malformed());
      const Item item = reader.next();
      if (field == nullptr) {
        reader.skip(item);
        continue;
      }
      const bool held = field->label == SenmlLabel::kString || field->label == SenmlLabel::kData;
      Value value = reader.value(held ? decoding.scratch : ByteSpan(short_text));
      if (form.data != nullptr && field->label == SenmlLabel::kData && value.type() == DataType::kString) {
        const auto bytes = form.data(as_bytes(value.as_string()), decoding.scratch);
        if (!bytes) reader.refuse(std::unexpected(bytes.error()));
        value = Value::opaque(bytes.value_or(ByteView()));
      }
      if (reader.ok()) reader.refuse(decoder.set(*field, value));
    }
    if (reader.ok()) reader.refuse(decoder.end());
  }
  return reader.finish();
}

}  // namespace linnet::lwm2m
