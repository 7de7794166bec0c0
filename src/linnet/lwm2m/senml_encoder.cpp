// SPDX-License-Identifier: Apache-2.0
// Records as a SenML pack, with the base name and base time that make it smallest.
#include <algorithm>
#include <array>
#include <cstring>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {
namespace {

/// How many slashes the base names of a pack have, of which the last one ends it: 0 for no base name at all.
/// Where two cost the same, the first stands.
constexpr std::array<std::uint8_t, 6> kSlashes{0, 3, 4, 2, 1, 5};

/// The text of a path.
struct Name {
  std::array<std::uint8_t, Path::kMaxText> text;
  std::size_t size = 0;

  /// How much of it is a base name with so many slashes: all, where it has not as many.
  [[nodiscard]] LINNET_OUTLINED std::size_t base_size(unsigned slashes) const noexcept {
    std::size_t end = 0;
    for (; slashes > 0 && end < size; ++end) {
      if (text[end] == '/') --slashes;
    }
    return end;
  }
};

bool same_bits(double a, double b) noexcept {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// The field that a value of this type is sent as.
SenmlLabel label_of(DataType type) noexcept {
  switch (type) {
    case DataType::kString:
    case DataType::kCorelnk: return SenmlLabel::kString;
    case DataType::kBoolean: return SenmlLabel::kBoolean;
    case DataType::kOpaque: return SenmlLabel::kData;
    case DataType::kObjlnk: return SenmlLabel::kObjlnk;
    default: return SenmlLabel::kValue;
  }
}

class Encoder {
 public:
  Encoder(const SenmlForm& form, const Encoding& encoding) noexcept
      : form_(form), base_(encoding.base), out_(encoding.out) {}

  /// Takes a record into account.
  [[nodiscard]] Result<void> plan(const Record& record) noexcept;
  /// All have been: they will come again.
  void begin() noexcept;
  [[nodiscard]] Result<void> write(const Record& record) noexcept;
  [[nodiscard]] Result<std::size_t> finish() noexcept {
    form_.close(out_, SenmlPart::kPack, 0, 0);
    return out_.finish();
  }

 private:
  void next(const Path& path) noexcept {
    last_ = name_;
    ByteWriter out(name_.text);
    path.write(out);
    name_.size = out.size();
  }
  /// The base name is another one than that of the record before.
  [[nodiscard]] bool rebased(unsigned slashes, std::size_t size) const noexcept {
    return last_.base_size(slashes) != size || std::memcmp(last_.text.data(), name_.text.data(), size) != 0;
  }
  [[nodiscard]] int size_of(double seconds) const noexcept {
    std::array<std::uint8_t, 24> text;
    ByteWriter out(text);
    form_.seconds(out, seconds);
    return static_cast<int>(out.size());
  }
  void label(SenmlLabel name) noexcept { form_.label(out_, name, fields_++ == 0); }
  /// Writes a part of the name, unless it is empty.
  void text(SenmlLabel name, std::size_t from, std::size_t to) noexcept {
    if (from == to) return;
    label(name);
    form_.text(out_, as_text(ByteView(name_.text).subspan(from, to - from)));
  }
  void seconds(SenmlLabel name, double v) noexcept {
    label(name);
    form_.seconds(out_, v);
  }

  const SenmlForm& form_;
  const Path& base_;
  ByteWriter out_;
  Name name_;
  Name last_;                                         // of the record before, empty for the first one
  std::array<std::size_t, kSlashes.size()> costs_{};  // of all names, in bytes
  std::size_t records_ = 0;
  std::size_t fields_ = 0;  // of this record
  unsigned slashes_ = 0;    // what was chosen
  bool based_ = true;  // base time is sent with the first record, and each `t` relative to it unless it is 0
  double base_time_ = 0;  // 0 where it is not sent
  int saved_ = 0;         // by a base time, in bytes
};

Result<void> Encoder::plan(const Record& record) noexcept {
  if (!base_.contains(record.path) || (record.path.depth() < 3 && !record.value.none()) ||
      (record.time && !is_finite(*record.time))) {
    return fail(Errc::kInvalidArgument);
  }
  next(record.path);
  for (std::size_t i = 0; i < kSlashes.size(); ++i) {
    const std::size_t cut = name_.base_size(kSlashes[i]);
    costs_[i] += rebased(kSlashes[i], cut) ? name_.size + form_.base_name_size : name_.size - cut;
    if (cut < name_.size) costs_[i] += form_.name_size;
  }
  ++records_;
  if (!record.time) {
    based_ = false;
    return {};
  }
  const double time = *record.time;
  if (last_.size == 0) {
    base_time_ = time;
    saved_ = form_.time_size - form_.base_time_size;
    return {};
  }
  const double distance = time - base_time_;
  if (!same_bits(base_time_ + distance, time)) based_ = false;
  saved_ += size_of(time) + (same_number(distance, 0) ? form_.time_size : -size_of(distance));
  return {};
}

void Encoder::begin() noexcept {
  slashes_ = kSlashes[static_cast<std::size_t>(std::ranges::min_element(costs_) - costs_.begin())];
  based_ = based_ && saved_ > 0;
  if (!based_) base_time_ = 0;
  name_.size = 0;
  form_.open(out_, SenmlPart::kPack, records_);
}

Result<void> Encoder::write(const Record& record) noexcept {
  next(record.path);
  const std::size_t start = out_.size();
  form_.open(out_, SenmlPart::kRecord, 0);
  fields_ = 0;
  const std::size_t cut = name_.base_size(slashes_);
  if (rebased(slashes_, cut)) text(SenmlLabel::kBaseName, 0, cut);
  if (based_ && last_.size == 0) seconds(SenmlLabel::kBaseTime, base_time_);
  text(SenmlLabel::kName, cut, name_.size);
  const double time = record.time.value_or(0) - base_time_;
  if (record.time && (!based_ || !same_number(time, 0))) seconds(SenmlLabel::kTime, time);
  Result<void> written;
  if (!record.value.none()) {
    label(label_of(record.value.type()));
    written = form_.value(out_, record.value);
  }
  form_.close(out_, SenmlPart::kRecord, start, fields_);
  return written;
}

}  // namespace

Result<std::size_t> encode_senml(const Codec& codec, const Encoding& encoding) noexcept {
  Encoder encoder(static_cast<const SenmlForm&>(*codec.form), encoding);
  const auto plan = [&encoder](const Record& record) { return encoder.plan(record); };
  if (const auto walked = encoding.walk(plan); !walked) return std::unexpected(walked.error());
  encoder.begin();
  const auto write = [&encoder](const Record& record) { return encoder.write(record); };
  if (const auto walked = encoding.walk(write); !walked) return std::unexpected(walked.error());
  return encoder.finish();
}

}  // namespace linnet::lwm2m
