// SPDX-License-Identifier: Apache-2.0
// The embedded registry against OMA's own files, read here a second way. Where the files do not stand
// beside the project there is nothing to compare; what must be embedded is also in EmbeddedRegistry.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <map>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "linnet/registry/model_registry.hpp"

namespace linnet::registry {
namespace {

using lwm2m::DataType;

std::vector<std::filesystem::path> oma_files() {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(LINNET_OMA_REGISTRY, error))
    files.push_back(entry.path());
  return files;
}

std::string text_of(pugi::xml_node parent, const char* name) {
  std::string text;
  for (const char c : std::string(parent.child(name).text().get())) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!space) text += c;
    if (space && !text.empty() && text.back() != ' ') text += ' ';
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string operations_of(const lwm2m::ResourceModel& resource) {
  std::string text;
  if (readable(resource.operations)) text += 'R';
  if (writable(resource.operations)) text += 'W';
  if (executable(resource.operations)) text += 'E';
  return text;
}

void compare(pugi::xml_node item, const lwm2m::ResourceModel& resource) {
  EXPECT_EQ(resource.name, text_of(item, "Name"));
  EXPECT_EQ(resource.type == DataType::kNone ? "" : to_string(resource.type), text_of(item, "Type"));
  EXPECT_EQ(operations_of(resource), text_of(item, "Operations"));
  EXPECT_EQ(resource.multiple ? "Multiple" : "Single", text_of(item, "MultipleInstances"));
  EXPECT_EQ(resource.mandatory ? "Mandatory" : "Optional", text_of(item, "Mandatory"));
  EXPECT_EQ(resource.units, text_of(item, "Units"));
  const std::string range = text_of(item, "RangeEnumeration");
  EXPECT_EQ(resource.range, range.starts_with("The possible values") ? "" : range);
}

TEST(OmaRegistry, OB_4_every_object_is_what_its_definition_says) {
  const ModelRegistry registry = ModelRegistry::embedded().value();
  const auto files = oma_files();
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    pugi::xml_document document;
    ASSERT_TRUE(document.load_file(file.c_str()));
    const pugi::xml_node object = document.document_element().child("Object");
    // The name of a file is ID-MAJOR_MINOR.xml.
    const std::string name = file.stem().string();
    const std::size_t dash = name.find('-');
    const std::size_t underscore = name.find('_');
    const auto number = [&](std::size_t from, std::size_t to) {
      return std::stoi(name.substr(from, to - from));
    };
    const lwm2m::ObjectModel* model =
        registry.find_exact(static_cast<lwm2m::ObjectId>(number(0, dash)),
                            {static_cast<std::uint8_t>(number(dash + 1, underscore)),
                             static_cast<std::uint8_t>(number(underscore + 1, name.size()))});
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(std::to_string(model->id), text_of(object, "ObjectID"));
    EXPECT_EQ(model->name, text_of(object, "Name"));
    EXPECT_EQ(model->multiple ? "Multiple" : "Single", text_of(object, "MultipleInstances"));
    EXPECT_EQ(model->mandatory ? "Mandatory" : "Optional", text_of(object, "Mandatory"));
    std::size_t count = 0;
    for (const pugi::xml_node item : object.child("Resources").children("Item")) {
      ++count;
      const lwm2m::ResourceModel* resource =
          model->find(static_cast<lwm2m::ResourceId>(item.attribute("ID").as_uint()));
      ASSERT_NE(resource, nullptr) << item.attribute("ID").value();
      SCOPED_TRACE(resource->id);
      compare(item, *resource);
    }
    EXPECT_EQ(model->resources.size(), count);
  }
  if (!files.empty()) {
    EXPECT_EQ(registry.objects().size(), files.size());
  }
}

}  // namespace
}  // namespace linnet::registry
