// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/ddf.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <new>
#include <optional>
#include <pugixml.hpp>
#include <set>
#include <utility>
#include <vector>

#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/object_model.hpp"
#include "linnet/lwm2m/plain_text.hpp"
#include "linnet/registry/compact_text.hpp"
#include "linnet/registry/word_table.hpp"

namespace linnet::registry {
namespace {

using lwm2m::DataType;
using lwm2m::ObjectModel;
using lwm2m::Operations;
using lwm2m::ResourceModel;

constexpr std::string_view kDefinition = "MODefinition";
constexpr unsigned kParse = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol;

constexpr std::array kTypes{
    Word<DataType>{"", DataType::kNone},           Word<DataType>{"String", DataType::kString},
    Word<DataType>{"Integer", DataType::kInteger}, Word<DataType>{"Unsigned Integer", DataType::kUnsigned},
    Word<DataType>{"Float", DataType::kFloat},     Word<DataType>{"Boolean", DataType::kBoolean},
    Word<DataType>{"Opaque", DataType::kOpaque},   Word<DataType>{"Time", DataType::kTime},
    Word<DataType>{"Objlnk", DataType::kObjlnk},   Word<DataType>{"Corelnk", DataType::kCorelnk}};
constexpr std::array kOperations{Word<Operations>{"", Operations::kNone},
                                 Word<Operations>{"R", Operations::kR}, Word<Operations>{"W", Operations::kW},
                                 Word<Operations>{"RW", Operations::kRW},
                                 Word<Operations>{"E", Operations::kE}};
constexpr std::array kMultiplicities{Word<bool>{"Single", false}, Word<bool>{"Multiple", true}};
constexpr std::array kObligations{Word<bool>{"Optional", false}, Word<bool>{"Mandatory", true}};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// The text of an element with its words one blank apart.
std::string words_of(pugi::xml_node element) {
  std::string words;
  bool pending = false;
  for (const pugi::xml_node part : element.children()) {
    if (part.type() != pugi::node_pcdata && part.type() != pugi::node_cdata) continue;
    for (const char c : std::string_view(part.value())) {
      if (is_space(c)) {
        pending = !words.empty();
        continue;
      }
      if (std::exchange(pending, false)) words += ' ';
      words += c;
    }
  }
  return words;
}

/// Reads one document; every step that can refuse throws the LoadError that read_ddf returns.
class Reader {
 public:
  Reader(std::string_view xml, std::string_view file) : xml_(xml), file_(file) {}

  std::string read() {
    if (xml_.size() > kMaxDdfBytes)
      refuse_line(0, "the file is larger than " + std::to_string(kMaxDdfBytes) + " bytes");
    pugi::xml_document document;
    const auto parsed = document.load_buffer(xml_.data(), xml_.size(), kParse, pugi::encoding_utf8);
    if (!parsed)
      refuse_line(line_at(parsed.offset), std::string("not well-formed XML: ") + parsed.description());
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "LWM2M") refuse(root, "the root element is not <LWM2M>");
    std::string text;
    std::set<std::pair<lwm2m::ObjectId, lwm2m::Version>> seen;
    for (const pugi::xml_node node : root.children("Object")) {
      if (seen.size() >= kMaxObjectsPerDdf) refuse(node, "too many objects in one file");
      const ObjectModel object = read_object(node);
      if (!seen.emplace(object.id, object.version).second) refuse(node, "the same object and version twice");
      append_compact_text(text, object);
    }
    if (seen.empty()) refuse(root, "no <Object> in <LWM2M>");
    return text;
  }

 private:
  ObjectModel read_object(pugi::xml_node node) {
    if (std::string_view(node.attribute("ObjectType").value()) != kDefinition) {
      refuse(node, "the attribute ObjectType is not \"MODefinition\"");
    }
    ObjectModel object;
    object.name = read_name(node);
    object.id = read_id(child(node, "ObjectID"), words_of(child(node, "ObjectID")), "ObjectID");
    object.version = read_version(node);
    object.multiple = read_word(node, "MultipleInstances", kMultiplicities);
    object.mandatory = read_word(node, "Mandatory", kObligations);
    const pugi::xml_node items = child(node, "Resources");
    resources_.clear();
    for (const pugi::xml_node item : items.children("Item")) {
      if (resources_.size() >= kMaxResourcesPerObject) refuse(item, "too many resources in one object");
      resources_.push_back({item, read_resource(item)});
    }
    if (resources_.empty()) refuse(items, "no <Item> in <Resources>");
    object.resources = sort_resources();
    return object;
  }

  ResourceModel read_resource(pugi::xml_node item) {
    ResourceModel resource;
    const pugi::xml_attribute id = item.attribute("ID");
    if (!id) refuse(item, "<Item> has no ID");
    resource.id = read_id(item, id.value(), "the ID of <Item>");
    resource.name = read_name(item);
    resource.operations = read_word(item, "Operations", kOperations);
    resource.multiple = read_word(item, "MultipleInstances", kMultiplicities);
    resource.mandatory = read_word(item, "Mandatory", kObligations);
    resource.type = read_word(item, "Type", kTypes);
    resource.units = read_text(item.child("Units"), kMaxUnitsBytes);
    resource.range = read_text(item.child("RangeEnumeration"), kMaxRangeBytes);
    if (resource.range.starts_with("The ")) resource.range = {};  // a sentence, not a range
    return resource;
  }

  /// By ID; the one that stands later in the file is the double.
  std::span<const ResourceModel> sort_resources() {
    std::ranges::sort(resources_, {},
                      [](const Item& item) { return std::pair(item.model.id, item.node.offset_debug()); });
    sorted_.clear();
    for (const Item& item : resources_) {
      if (!sorted_.empty() && sorted_.back().id == item.model.id) {
        refuse(item.node, "resource " + std::to_string(item.model.id) + " is defined twice");
      }
      sorted_.push_back(item.model);
    }
    return sorted_;
  }

  /// ObjectVersion, or else the version in the URN, or else 1.0.
  lwm2m::Version read_version(pugi::xml_node object) {
    const pugi::xml_node element = object.child("ObjectVersion");
    const auto stated = version_of(element, words_of(element));
    const pugi::xml_node urn_element = object.child("ObjectURN");
    const std::string urn = words_of(urn_element);
    std::size_t colon = 0;
    for (int field = 0; field < 5 && colon != std::string::npos; ++field) {
      colon = urn.find(':', field == 0 ? 0 : colon + 1);
    }
    const auto named =
        version_of(urn_element, colon == std::string::npos ? std::string() : urn.substr(colon + 1));
    if (stated && named && *stated != *named)
      refuse(element, "ObjectVersion and ObjectURN name different versions");
    return stated.value_or(named.value_or(lwm2m::kDefaultObjectVersion));
  }

  std::optional<lwm2m::Version> version_of(pugi::xml_node element, const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto version = lwm2m::Version::parse(text);
    if (!version) refuse(element, "the version \"" + printable(text) + "\" is not MAJOR.MINOR");
    return *version;
  }

  std::uint16_t read_id(pugi::xml_node at, const std::string& text, const char* what) {
    const auto id = lwm2m::parse_digits(text, lwm2m::kMaxId - 1);
    if (!id) refuse(at, std::string(what) + " is \"" + printable(text) + "\", not a number from 0 to 65534");
    return static_cast<std::uint16_t>(*id);
  }

  template <typename T, std::size_t N>
  T read_word(pugi::xml_node parent, const char* name, const std::array<Word<T>, N>& words) {
    const pugi::xml_node element = child(parent, name);
    const std::string text = words_of(element);
    const std::optional<T> value = value_of(words, text);
    if (!value)
      refuse(element, std::string("<") + name + "> is \"" + printable(text) + "\", which is unknown");
    return *value;
  }

  std::string_view read_name(pugi::xml_node parent) {
    const pugi::xml_node element = child(parent, "Name");
    const std::string_view name = read_text(element, kMaxNameBytes);
    if (name.empty()) refuse(element, "<Name> is empty");
    return name;
  }

  /// Kept until the reader ends.
  std::string_view read_text(pugi::xml_node element, std::size_t max) {
    std::string text = words_of(element);
    if (text.size() > max)
      refuse(element,
             std::string("<") + element.name() + "> is longer than " + std::to_string(max) + " bytes");
    if (!lwm2m::is_plain_text(text))
      refuse(element, std::string("<") + element.name() + "> is not plain UTF-8 text");
    return texts_.emplace_back(std::move(text));
  }

  pugi::xml_node child(pugi::xml_node parent, const char* name) {
    const pugi::xml_node found = parent.child(name);
    if (!found) refuse(parent, std::string("<") + parent.name() + "> has no <" + name + ">");
    return found;
  }

  /// What an error message may quote: short, and nothing that a terminal would act upon.
  static std::string printable(const std::string& text) {
    constexpr std::size_t kMaxQuoted = 40;
    if (!lwm2m::is_plain_text(text)) return "?";
    return text.size() <= kMaxQuoted ? text : "...";
  }

  std::size_t line_at(std::ptrdiff_t offset) const {
    const auto end = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0)), xml_.size());
    return static_cast<std::size_t>(std::ranges::count(xml_.substr(0, end), '\n')) + 1;
  }

  [[noreturn]] void refuse(pugi::xml_node at, std::string reason) const {
    refuse_line(line_at(at.offset_debug()), std::move(reason));
  }
  [[noreturn]] void refuse_line(std::size_t line, std::string reason) const {
    throw LoadError{std::string(file_), line, std::move(reason)};
  }

  struct Item {
    pugi::xml_node node;
    ResourceModel model;
  };

  std::string_view xml_;
  std::string_view file_;
  std::deque<std::string> texts_;
  std::vector<Item> resources_;
  std::vector<ResourceModel> sorted_;
};

}  // namespace

bool is_companion_ddf(std::string_view xml) noexcept {
  if (xml.size() > kMaxDdfBytes) return false;
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), kParse, pugi::encoding_utf8)) return false;
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) == "units") return true;
  return std::string_view(root.child("Object").attribute("ObjectType").value()) == "CommonResources";
}

Loaded<std::string> read_ddf(std::string_view xml, std::string_view file) noexcept try {
  return Reader(xml, file).read();
} catch (LoadError& error) {
  return std::unexpected(std::move(error));
} catch (const std::bad_alloc&) {
  return std::unexpected(LoadError{{}, 0, "out of memory"});
}

}  // namespace linnet::registry
