// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/compact_text.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/registry/word_table.hpp"

namespace linnet::registry {
namespace {

using lwm2m::DataType;
using lwm2m::ObjectModel;
using lwm2m::Operations;
using lwm2m::ResourceModel;

constexpr std::string_view kObjectWord = "object ";

constexpr std::array kTypes{
    Word<DataType>{"none", DataType::kNone},     Word<DataType>{"string", DataType::kString},
    Word<DataType>{"int", DataType::kInteger},   Word<DataType>{"uint", DataType::kUnsigned},
    Word<DataType>{"float", DataType::kFloat},   Word<DataType>{"bool", DataType::kBoolean},
    Word<DataType>{"opaque", DataType::kOpaque}, Word<DataType>{"time", DataType::kTime},
    Word<DataType>{"objlnk", DataType::kObjlnk}, Word<DataType>{"corelnk", DataType::kCorelnk}};

constexpr std::array kOperations{Word<Operations>{"-", Operations::kNone},
                                 Word<Operations>{"R", Operations::kR}, Word<Operations>{"W", Operations::kW},
                                 Word<Operations>{"RW", Operations::kRW},
                                 Word<Operations>{"E", Operations::kE}};

/// Takes what stands before the first `separator` off the front, the separator too.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::optional<std::uint16_t> read_id(std::string_view text) {
  const auto id = lwm2m::parse_digits(text, lwm2m::kMaxId - 1);
  if (!id) return std::nullopt;
  return static_cast<std::uint16_t>(*id);
}

struct Marks {
  bool multiple = false;
  bool mandatory = false;
};

/// Takes `*` and `!` off the end of a word.
Marks take_marks(std::string_view& word) {
  Marks marks;
  if (word.ends_with('!')) {
    marks.mandatory = true;
    word.remove_suffix(1);
  }
  if (word.ends_with('*')) {
    marks.multiple = true;
    word.remove_suffix(1);
  }
  return marks;
}

/// A reason, or null for a name that will do.
const char* refuse_name(std::string_view name) {
  if (name.empty()) return "a name is missing";
  if (name.size() > kMaxNameBytes) return "a name is too long";
  return nullptr;
}

/// `object ID VERSION MARKS NAME`, behind its first word.
const char* read_object(std::string_view line, ObjectModel& object) {
  const auto id = read_id(take(line, ' '));
  if (!id) return "an object ID is not 0 to 65534";
  const auto version = lwm2m::Version::parse(take(line, ' '));
  if (!version) return "a version is not MAJOR.MINOR";
  std::string_view word = take(line, ' ');
  if (word == "-") word = {};
  const Marks marks = take_marks(word);
  if (!word.empty()) return "the marks of an object are none of -, *, !, *!";
  object = {*id, *version, line, marks.multiple, marks.mandatory, {}};
  return refuse_name(line);
}

/// `ID OPERATIONS[*][!] TYPE NAME[<tab>UNITS[<tab>RANGE]]`
const char* read_resource(std::string_view line, ResourceModel& resource) {
  const auto id = read_id(take(line, ' '));
  if (!id) return "a resource ID is not 0 to 65534";
  std::string_view word = take(line, ' ');
  const Marks marks = take_marks(word);
  const auto operations = value_of(kOperations, word);
  if (!operations) return "operations are none of -, R, W, RW, E";
  const auto type = value_of(kTypes, take(line, ' '));
  if (!type) return "a type is unknown";
  const std::string_view name = take(line, '\t');
  const std::string_view units = take(line, '\t');
  resource = {*id, name, *type, *operations, marks.multiple, marks.mandatory, units, line};
  if (units.size() > kMaxUnitsBytes) return "units are too long";
  if (line.size() > kMaxRangeBytes) return "a range is too long";
  return refuse_name(name);
}

/// Checks what a new resource must be to the ones before it in its object.
const char* refuse_order(const ModelSet& set, std::size_t first, ResourceModel resource) {
  if (set.objects.empty()) return "a resource stands before any object";
  const std::size_t count = set.resources.size() - first;
  if (count >= kMaxResourcesPerObject) return "an object has too many resources";
  if (count > 0 && set.resources.back().id >= resource.id) return "resource IDs do not ascend";
  return nullptr;
}

Loaded<ModelSet> read_lines(std::string_view text, std::string_view file) {
  ModelSet set;
  // The spans need resources that never move.
  set.resources.reserve(static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1);
  std::size_t first = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take(text, '\n');
    if (line.empty() || line.front() == '#') continue;
    const char* reason = nullptr;
    if (line.starts_with(kObjectWord)) {
      line.remove_prefix(kObjectWord.size());
      reason = read_object(line, set.objects.emplace_back());
      first = set.resources.size();
    } else {
      ResourceModel resource;
      reason = read_resource(line, resource);
      if (reason == nullptr) reason = refuse_order(set, first, resource);
      if (reason == nullptr) {
        set.resources.push_back(resource);
        set.objects.back().resources = std::span(set.resources).subspan(first);
      }
    }
    if (reason != nullptr) return std::unexpected(LoadError{std::string(file), number, reason});
  }
  return set;
}

void append_marks(std::string& out, bool multiple, bool mandatory) {
  if (multiple) out += '*';
  if (mandatory) out += '!';
}

}  // namespace

Loaded<ModelSet> read_compact_text(std::string_view text, std::string_view file) try {
  return read_lines(text, file);
} catch (const std::bad_alloc&) {
  return std::unexpected(LoadError{{}, 0, "out of memory"});
}

void append_compact_text(std::string& out, const ObjectModel& object) {
  out += kObjectWord;
  out += std::to_string(object.id);
  out += ' ' + std::to_string(object.version.major) + '.' + std::to_string(object.version.minor) + ' ';
  if (!object.multiple && !object.mandatory) out += '-';
  append_marks(out, object.multiple, object.mandatory);
  out += ' ';
  out += object.name;
  out += '\n';
  for (const ResourceModel& resource : object.resources) {
    out += std::to_string(resource.id) + ' ';
    out += text_of(kOperations, resource.operations);
    append_marks(out, resource.multiple, resource.mandatory);
    out += ' ';
    out += text_of(kTypes, resource.type);
    out += ' ';
    out += resource.name;
    if (!resource.units.empty() || !resource.range.empty()) out += '\t';
    out += resource.units;
    if (!resource.range.empty()) out += '\t';
    out += resource.range;
    out += '\n';
  }
}

}  // namespace linnet::registry
