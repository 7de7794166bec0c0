// SPDX-License-Identifier: Apache-2.0
// Records as a SenML pack, with the base name and base time that make it smallest.
#include <algorithm>
#include <array>
#include <cstring>

#include "linnet/lwm2m/codec_rules.hpp"
#include "linnet/lwm2m/senml.hpp"

namespace linnet::lwm2m {
namespace {

/// What the name of a record is sent as: a new base name, or none, and the rest, or nothing.
struct Names {
  std::string_view base;  ///< empty: the one that holds already
  std::string_view rest;
};

/// How names are split. kWhole: no base name at all. Otherwise the base name is so many segments
/// with a slash behind, or the whole name where it has no more segments than that.
enum class Split : std::uint8_t { kRoot, kObject, kInstance, kResource, kResourceInstance, kWhole };

/// Splits the names of a pack, one record after the other.
struct Naming {
  Split split = Split::kWhole;
  std::size_t cost = 0;  ///< of all names, in bytes
  std::size_t base_size = 0;
  std::array<char, Path::kMaxText> base;

  /// Views into `whole`, the text of `path`.
  [[nodiscard]] Names next(const Path& path, std::string_view whole) noexcept {
    if (split == Split::kWhole) return {{}, whole};
    std::size_t cut = whole.size();
    const auto depth = static_cast<std::size_t>(split);
    if (path.depth() > depth) {  // behind the slash that ends the base name
      cut = 0;
      for (std::size_t slashes = 0; slashes <= depth; ++cut) slashes += whole[cut] == '/' ? 1U : 0U;
    }
    std::string_view front = whole;
    front.remove_suffix(whole.size() - cut);
    std::string_view rest = whole;
    rest.remove_prefix(cut);
    if (std::string_view(base.data(), base_size) == front) return {{}, rest};
    base_size = cut;
    std::memcpy(base.data(), front.data(), cut);
    return {front, rest};
  }
};

/// The text of a path.
struct Name {
  explicit Name(const Path& path) noexcept {
    ByteWriter out(bytes);
    path.write(out);
    text = as_text(out.written());
  }
  std::array<std::uint8_t, Path::kMaxText> bytes;
  std::string_view text;
};

/// Writes the fields of one record after the other.
struct Fields {
  const SenmlForm& form;
  ByteWriter out;
  bool first = true;

  void label(SenmlLabel name) noexcept {
    form.label(out, name, first);
    first = false;
  }
  /// Nothing where there is no text.
  void text(SenmlLabel name, std::string_view text) noexcept {
    if (text.empty()) return;
    label(name);
    form.text(out, text);
  }
  void seconds(SenmlLabel name, double v) noexcept {
    label(name);
    form.seconds(out, v);
  }
  /// Drops what was written: how many bytes that were.
  [[nodiscard]] std::size_t drop() noexcept {
    const std::size_t size = out.size();
    out.truncate(0);
    first = true;
    return size;
  }
};

/// Looks for the cheapest way to send what a walk produces.
struct Plan {
  /// Where two cost the same, the first stands.
  static constexpr std::array kOrder{Split::kWhole,  Split::kInstance, Split::kResource,
                                     Split::kObject, Split::kRoot,     Split::kResourceInstance};

  Plan() noexcept {
    for (std::size_t i = 0; i < kOrder.size(); ++i) namings[i].split = kOrder[i];
  }

  std::size_t records = 0;
  std::array<Naming, kOrder.size()> namings;
  bool based = true;  ///< base time is sent with the first record, and each `t` relative to it unless it is 0
  double base_time = 0;  ///< 0 where it is not sent
  std::size_t absolute_times = 0;
  std::size_t relative_times = 0;

  void add(const Record& record, Fields& scratch) noexcept {
    const Name name(record.path);
    for (Naming& naming : namings) {
      const Names names = naming.next(record.path, name.text);
      scratch.text(SenmlLabel::kBaseName, names.base);
      naming.cost += scratch.drop();
      scratch.text(SenmlLabel::kName, names.rest);
      naming.cost += scratch.drop();
    }
    const bool first = records++ == 0;
    based = based && record.time.has_value();
    if (!record.time) return;
    const double time = *record.time;
    scratch.seconds(SenmlLabel::kTime, time);
    absolute_times += scratch.drop();
    if (first) {
      base_time = time;
      scratch.seconds(SenmlLabel::kBaseTime, time);
    }
    const double distance = time - base_time;
    based = based && base_time + distance == time;
    if (distance != 0) scratch.seconds(SenmlLabel::kTime, distance);
    relative_times += scratch.drop();
  }

  Split finish() noexcept {
    based = based && relative_times < absolute_times;
    if (!based) base_time = 0;
    return std::ranges::min_element(namings, {}, &Naming::cost)->split;
  }
};

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

}  // namespace

Result<std::size_t> encode_senml(const Codec& codec, const Encoding& encoding) noexcept {
  const auto& form = static_cast<const SenmlForm&>(*codec.form);
  Plan plan;
  std::array<std::uint8_t, 64> scratch;
  Fields fields{form, ByteWriter(scratch)};
  const auto look = [&](const Record& record) -> Result<void> {
    if (!encoding.base.contains(record.path) || (record.path.depth() < 3 && !record.value.none()) ||
        (record.time && !is_finite(*record.time))) {
      return fail(Errc::kInvalidArgument);
    }
    plan.add(record, fields);
    return {};
  };
  if (const auto walked = encoding.walk(look); !walked) return std::unexpected(walked.error());
  Naming naming;
  naming.split = plan.finish();

  fields.out = ByteWriter(encoding.out);
  form.open(fields.out, SenmlPart::kPack, plan.records);
  SenmlPart part = SenmlPart::kFirstRecord;
  const auto take = [&](const Record& record) -> Result<void> {
    const Name name(record.path);
    const Names names = naming.next(record.path, name.text);
    const bool send_base_time = part == SenmlPart::kFirstRecord && plan.based;
    const double time = record.time.value_or(0) - plan.base_time;
    const bool send_time = record.time && (!plan.based || time != 0);
    const bool send_value = !record.value.none();
    form.open(fields.out, part,
              (names.base.empty() ? 0U : 1U) + (names.rest.empty() ? 0U : 1U) + (send_base_time ? 1U : 0U) +
                  (send_time ? 1U : 0U) + (send_value ? 1U : 0U));
    fields.first = true;
    fields.text(SenmlLabel::kBaseName, names.base);
    if (send_base_time) fields.seconds(SenmlLabel::kBaseTime, plan.base_time);
    fields.text(SenmlLabel::kName, names.rest);
    if (send_time) fields.seconds(SenmlLabel::kTime, time);
    Result<void> written;
    if (send_value) {
      fields.label(label_of(record.value.type()));
      written = form.value(fields.out, record.value);
    }
    form.close(fields.out, part);
    part = SenmlPart::kRecord;
    return written;
  };
  if (const auto walked = encoding.walk(take); !walked) return std::unexpected(walked.error());
  form.close(fields.out, SenmlPart::kPack);
  return fields.out.finish();
}

}  // namespace linnet::lwm2m
