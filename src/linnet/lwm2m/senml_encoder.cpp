// SPDX-License-Identifier: Apache-2.0
// Records as a SenML pack, with the base name and base time that make it smallest.
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

constexpr std::size_t kSplits = 6;

/// Splits the names of a pack, one record after the other.
class Naming {
 public:
  explicit Naming(Split split) noexcept : split_(split) {}
  /// Views into this object, good until the next call.
  [[nodiscard]] Names next(const Path& path) noexcept;

 private:
  Split split_;
  std::array<std::uint8_t, Path::kMaxText> name_{};
  std::array<std::uint8_t, Path::kMaxText> base_{};
  std::size_t base_size_ = 0;
};

Names Naming::next(const Path& path) noexcept {
  ByteWriter writer(name_);
  path.write(writer);
  const std::string_view whole = as_text(writer.written());
  if (split_ == Split::kWhole) return {{}, whole};

  std::size_t cut = whole.size();
  const auto depth = static_cast<std::size_t>(split_);
  if (path.depth() > depth) {  // behind the slash that ends the base name
    cut = 0;
    for (std::size_t slashes = 0; slashes <= depth; ++cut) slashes += whole[cut] == '/' ? 1U : 0U;
  }
  const std::string_view base = whole.substr(0, cut);
  if (as_text(ByteView(base_).first(base_size_)) == base) return {{}, whole.substr(cut)};
  base_size_ = base.size();
  std::memcpy(base_.data(), base.data(), base.size());
  return {base, whole.substr(cut)};
}

/// Writes the fields of one record.
class Fields {
 public:
  Fields(const SenmlForm& form, ByteWriter& out) noexcept : form_(form), out_(out) {}

  void label(SenmlLabel label) noexcept {
    form_.label(out_, label, first_);
    first_ = false;
  }
  void text(SenmlLabel name, std::string_view text) noexcept {
    label(name);
    form_.text(out_, text);
  }
  void seconds(SenmlLabel name, double v) noexcept {
    label(name);
    form_.seconds(out_, v);
  }

 private:
  const SenmlForm& form_;
  ByteWriter& out_;
  bool first_ = true;
};

/// What a field takes in a format, in bytes.
template <typename Write>
std::size_t cost(const SenmlForm& form, Write write) noexcept {
  std::array<std::uint8_t, 64> bytes;
  ByteWriter out(bytes);
  Fields fields(form, out);
  write(fields);
  return out.size();
}
std::size_t text_cost(const SenmlForm& form, SenmlLabel label, std::string_view text) noexcept {
  return cost(form, [&](Fields& fields) { fields.text(label, text); });
}
std::size_t seconds_cost(const SenmlForm& form, SenmlLabel label, double v) noexcept {
  return cost(form, [&](Fields& fields) { fields.seconds(label, v); });
}

/// The cheapest way to send what a walk produces.
struct Plan {
  std::size_t records = 0;
  Split split = Split::kWhole;
  /// Sent with the first record; each `t` is then relative to it, and left out where it is 0.
  std::optional<double> base_time;
};

Result<Plan> plan_pack(const SenmlForm& form, const Encoding& encoding) noexcept {
  // Where two cost the same, the first stands.
  constexpr std::array kOrder{Split::kWhole,  Split::kInstance, Split::kResource,
                              Split::kObject, Split::kRoot,     Split::kResourceInstance};
  std::array<Naming, kSplits> namings{Naming(kOrder[0]), Naming(kOrder[1]), Naming(kOrder[2]),
                                      Naming(kOrder[3]), Naming(kOrder[4]), Naming(kOrder[5])};
  std::array<std::size_t, kSplits> name_costs{};
  std::size_t absolute_times = 0;
  std::size_t relative_times = 0;
  Plan plan;
  bool based = true;  // every time can be sent relative to the first

  const auto take = [&](const Record& record) -> Result<void> {
    if (!encoding.base.contains(record.path) || (record.path.depth() < 3 && !record.value.none())) {
      return fail(Errc::kInvalidArgument);
    }
    for (std::size_t i = 0; i < kSplits; ++i) {
      const Names names = namings[i].next(record.path);
      if (!names.base.empty()) name_costs[i] += text_cost(form, SenmlLabel::kBaseName, names.base);
      if (!names.rest.empty()) name_costs[i] += text_cost(form, SenmlLabel::kName, names.rest);
    }
    const bool first = plan.records++ == 0;
    if (first) plan.base_time = record.time;
    if (!record.time) {
      based = false;
      return {};
    }
    const double time = *record.time;
    if (!is_finite(time)) return fail(Errc::kInvalidArgument);
    absolute_times += seconds_cost(form, SenmlLabel::kTime, time);
    if (first) relative_times += seconds_cost(form, SenmlLabel::kBaseTime, time);
    const double distance = time - plan.base_time.value_or(0);
    based = based && *plan.base_time + distance == time;
    if (based && distance != 0) relative_times += seconds_cost(form, SenmlLabel::kTime, distance);
    return {};
  };
  if (const auto walked = encoding.walk(take); !walked) return std::unexpected(walked.error());

  std::size_t best = 0;
  for (std::size_t i = 1; i < kSplits; ++i) {
    if (name_costs[i] < name_costs[best]) best = i;
  }
  plan.split = kOrder[best];
  if (!based || relative_times >= absolute_times) plan.base_time.reset();
  return plan;
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

}  // namespace

Result<std::size_t> encode_senml(const Codec& codec, const Encoding& encoding) noexcept {
  const auto& form = static_cast<const SenmlForm&>(*codec.form);
  const auto plan = plan_pack(form, encoding);
  if (!plan) return std::unexpected(plan.error());
  ByteWriter writer(encoding.out);
  Naming naming(plan->split);
  form.open(writer, SenmlPart::kPack, plan->records);
  bool first = true;
  const auto take = [&](const Record& record) -> Result<void> {
    const Names names = naming.next(record.path);
    const SenmlPart part = first ? SenmlPart::kFirstRecord : SenmlPart::kRecord;
    const bool send_base_time = first && plan->base_time;
    first = false;
    const double time = record.time.value_or(0) - plan->base_time.value_or(0);
    const bool send_time = record.time && (!plan->base_time || time != 0);
    const int size = static_cast<int>(!names.base.empty()) + static_cast<int>(!names.rest.empty()) +
                     static_cast<int>(send_base_time) + static_cast<int>(send_time) +
                     static_cast<int>(!record.value.none());
    form.open(writer, part, static_cast<std::size_t>(size));
    Fields fields(form, writer);
    if (!names.base.empty()) fields.text(SenmlLabel::kBaseName, names.base);
    if (send_base_time) fields.seconds(SenmlLabel::kBaseTime, *plan->base_time);
    if (!names.rest.empty()) fields.text(SenmlLabel::kName, names.rest);
    if (send_time) fields.seconds(SenmlLabel::kTime, time);
    Result<void> written;
    if (!record.value.none()) {
      fields.label(label_of(record.value.type()));
      written = form.value(writer, record.value);
    }
    form.close(writer, part);
    return written;
  };
  if (const auto walked = encoding.walk(take); !walked) return std::unexpected(walked.error());
  form.close(writer, SenmlPart::kPack);
  return writer.finish();
}

}  // namespace linnet::lwm2m
