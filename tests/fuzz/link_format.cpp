// SPDX-License-Identifier: Apache-2.0
// The texts of registration, discovery, Write-Attributes and Execute: any bytes at all, and what was
// read is written and read again to the same.
#include <array>
#include <cstdlib>
#include <vector>

#include "linnet/client/objects/virtual_observe.hpp"
#include "linnet/lwm2m/attributes.hpp"
#include "linnet/lwm2m/execute_arguments.hpp"
#include "linnet/lwm2m/object_list.hpp"
#include "linnet/lwm2m/registration_parameters.hpp"

namespace {

using namespace linnet;
using namespace linnet::lwm2m;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_links(std::string_view text) {
  std::array<std::uint8_t, 64> room;
  LinkReader reader(text);
  for (auto link = reader.next(); link && *link; link = reader.next()) {
    LinkAttributes attributes = (*link)->attributes();
    std::size_t count = 0;
    while (const auto attribute = attributes.next()) {
      ++count;
      require((*link)->find(attribute->name).has_value());
      (void)attribute->unescape(room);
    }
    require(count <= kMaxLinkAttributes);
    const Attributes read = read_attributes(**link);
    std::array<std::uint8_t, 512> written;
    ByteWriter out(written);
    LinkWriter writer(out);
    writer.link("/");
    write_attributes(writer, read);
    require(out.ok());
    LinkReader again(as_text(out.written()));
    require(read_attributes(**again.next()) == read);
  }
}

/// The compact form says the same as the text, and is the same when it is made of what it says.
void read_list(std::string_view text) {
  static std::array<ObjectListEntry, 512> scratch;
  std::array<std::uint8_t, 2048> first;
  std::array<std::uint8_t, 8192> payload;
  std::array<std::uint8_t, 2048> second;
  const auto size = compact_object_list(text, scratch, first);
  if (!size) return;
  const CompactObjectList list(std::span(first).first(*size));
  const auto root = list.root();
  require(root.has_value());
  ByteWriter out(payload);
  LinkWriter writer(out, root->alternate_path);
  write_root(writer, root->formats);
  const auto walked = list.for_each([&](const ObjectListEntry& entry) -> Result<void> {
    require(list.version_of(entry.object).has_value());
    if (entry.instance == kMaxId) {
      writer.link(Path(entry.object));
      if (*entry.version != kDefaultObjectVersion) writer.attribute("ver", *entry.version);
    } else {
      require(list.contains(entry.object, entry.instance));
      writer.link(Path(entry.object, entry.instance));
    }
    return {};
  });
  require(walked.has_value());
  if (!out.ok()) return;
  const auto again = compact_object_list(as_text(out.written()), scratch, second);
  require(again.has_value() && equal(std::span(first).first(*size), std::span(second).first(*again)));
}

void read_queries(std::string_view text) {
  RegistrationParameters parameters;
  Attributes attributes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('&', begin), text.size());
    const std::string_view query = text.substr(begin, end - begin);
    (void)read_registration_parameter(query, parameters,
                                      [](std::string_view, std::string_view) -> Result<void> { return {}; });
    if (const auto write = parse_attribute_write(query)) {
      attributes.apply(*write);
      std::array<std::uint8_t, 64> room;
      ByteWriter out(room);
      write_attribute_query(out, *write);
      const auto again = parse_attribute_write(as_text(out.written()));
      require(out.ok() && again && again->name == write->name && again->value == write->value);
    }
    begin = end + 1;
  }
  (void)check_register(parameters, {});
  (void)write_registration_parameters(parameters, [](std::string_view query) -> Result<void> {
    require(query.size() <= 255);
    return {};
  });
  (void)attributes.check();
  attributes.inherit(attributes);
  attributes.drop_contradictions();
  (void)notifies(attributes, {1, 2, 3});
}

void read_arguments(std::string_view text) {
  ExecuteArgumentReader reader(text);
  std::size_t count = 0;
  for (auto argument = reader.next(); argument && *argument; argument = reader.next()) require(++count <= 10);
}

/// What object 22 takes for a link.
void read_observe_link(std::string_view text) {
  const auto link = client::ObserveLink::parse(text);
  if (link) require(link->path.depth() != 1 && link->attributes.check());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  read_links(text);
  read_list(text);
  read_queries(text);
  read_arguments(text);
  read_observe_link(text);
  (void)CompactObjectList({data, size}).for_each([](const ObjectListEntry&) -> Result<void> { return {}; });
  return 0;
}
