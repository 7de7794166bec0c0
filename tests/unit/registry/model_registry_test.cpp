// SPDX-License-Identifier: Apache-2.0
#include "linnet/registry/model_registry.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

namespace linnet::registry {
namespace {

using lwm2m::DataType;
using lwm2m::ObjectModel;
using lwm2m::Operations;
using lwm2m::Path;
using lwm2m::Version;
using ::testing::ElementsAre;

const ModelRegistry& embedded() {
  static const ModelRegistry registry = ModelRegistry::embedded().value();
  return registry;
}

std::vector<std::string> versions_of(lwm2m::ObjectId id) {
  std::vector<std::string> versions;
  for (const ObjectModel* object : embedded().versions(id)) {
    versions.push_back(std::to_string(object->version.major) + "." + std::to_string(object->version.minor));
  }
  return versions;
}

TEST(EmbeddedRegistry, OB_4_holds_all_objects_in_all_versions) {
  EXPECT_EQ(embedded().objects().size(), 424U);
  std::size_t resources = 0;
  std::size_t objects = 0;
  const ObjectModel* previous = nullptr;
  for (const ObjectModel* object : embedded().objects()) {
    resources += object->resources.size();
    if (previous == nullptr || previous->id != object->id) ++objects;
    previous = object;
  }
  EXPECT_EQ(objects, 327U);
  EXPECT_EQ(resources, 4506U);
}

TEST(EmbeddedRegistry, OB_4_holds_several_versions_of_one_object) {
  EXPECT_THAT(versions_of(0), ElementsAre("1.0", "1.1", "1.2"));
  EXPECT_THAT(versions_of(3), ElementsAre("1.0", "1.1", "1.2"));
  EXPECT_THAT(versions_of(4), ElementsAre("1.0", "1.1", "1.2", "1.3"));
  EXPECT_THAT(versions_of(5), ElementsAre("1.0", "1.1", "1.2"));
  EXPECT_THAT(versions_of(3303), ElementsAre("1.0", "1.1"));
  EXPECT_THAT(versions_of(10308), ElementsAre("1.0", "2.0"));
  EXPECT_THAT(versions_of(17), ElementsAre());
}

TEST(EmbeddedRegistry, OB_1_security_server_and_device_are_mandatory) {
  for (const lwm2m::ObjectId id : std::initializer_list<lwm2m::ObjectId>{0, 1, 3})
    EXPECT_TRUE(embedded().newest(id)->mandatory) << id;
  EXPECT_FALSE(embedded().newest(3)->multiple);
  EXPECT_TRUE(embedded().newest(1)->multiple);
}

TEST(EmbeddedRegistry, knows_types_operations_units_and_ranges) {
  const ObjectModel* device = embedded().find_exact(3, {1, 1});
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->name, "Device");
  const lwm2m::ResourceModel* battery = device->find(9);
  EXPECT_EQ(battery->name, "Battery Level");
  EXPECT_EQ(battery->type, DataType::kInteger);
  EXPECT_EQ(battery->operations, Operations::kR);
  EXPECT_EQ(battery->units, "%");
  EXPECT_EQ(battery->range, "0..100");
  EXPECT_TRUE(device->find(11)->multiple);
  EXPECT_TRUE(device->find(11)->mandatory);
  EXPECT_EQ(device->find(13)->type, DataType::kTime);
  EXPECT_EQ(device->find(4)->operations, Operations::kE);
  EXPECT_EQ(device->find(4)->type, DataType::kNone);
  EXPECT_EQ(embedded().find_exact(0, {1, 1})->find(3)->operations, Operations::kNone);
}

TEST(EmbeddedRegistry, type_of_follows_the_version_of_the_object) {
  const Path fractional(3303, 0, 6050);
  EXPECT_EQ(embedded().type_of(fractional, {1, 1}), DataType::kFloat);
  EXPECT_EQ(embedded().type_of(fractional, {1, 0}), DataType::kNone);
  EXPECT_EQ(embedded().type_of(Path(3, 0, 11, 0), {1, 1}), DataType::kInteger);
  EXPECT_EQ(embedded().type_of(Path(3, 0), {1, 1}), DataType::kNone);
  EXPECT_EQ(embedded().type_of(Path(40000, 0, 1), {1, 0}), DataType::kNone);
  EXPECT_EQ(embedded().resource(Path(3, 0, 9), {1, 0})->name, "Battery Level");
}

TEST(ModelRegistry, an_unknown_version_falls_back_to_the_same_major_then_to_the_newest) {
  ModelRegistry registry;
  ASSERT_TRUE(registry.add_text("object 9 1.0 - A\nobject 9 1.3 - B\nobject 9 2.0 - C\n", "x"));
  EXPECT_EQ(registry.find(9, {1, 0})->name, "A");
  EXPECT_EQ(registry.find(9, {1, 7})->name, "B");
  EXPECT_EQ(registry.find(9, {1, 1})->name, "B");
  EXPECT_EQ(registry.find(9, {2, 5})->name, "C");
  EXPECT_EQ(registry.find(9, {3, 0})->name, "C");
  EXPECT_EQ(registry.find(8, {1, 0}), nullptr);
  EXPECT_EQ(registry.find_exact(9, {1, 1}), nullptr);
  EXPECT_EQ(registry.newest(9)->name, "C");
}

TEST(ModelRegistry, names_are_found_as_people_type_them) {
  for (const char* name :
       {"Firmware Update", "firmware update", "firmware-update", "FirmwareUpdate", "firmware_update"}) {
    const ObjectModel* object = embedded().find(name);
    ASSERT_NE(object, nullptr) << name;
    EXPECT_EQ(object->id, 5);
    EXPECT_EQ(object->version, (Version{1, 2}));
  }
  EXPECT_EQ(embedded().find("firmware"), nullptr);
  EXPECT_EQ(embedded().find("firmware updates"), nullptr);
  EXPECT_EQ(find_resource(*embedded().find("device"), "battery level")->id, 9);
  EXPECT_EQ(find_resource(*embedded().find("device"), "battery"), nullptr);
}

TEST(ModelRegistry, a_later_definition_replaces_the_same_version) {
  ModelRegistry registry;
  ASSERT_TRUE(registry.add_text("object 9 1.0 - A\nobject 10 1.0 - X\n", "x"));
  ASSERT_TRUE(registry.add_text("object 9 1.0 - B\n", "y"));
  EXPECT_EQ(registry.objects().size(), 2U);
  EXPECT_EQ(registry.find(9, {1, 0})->name, "B");
}

TEST(ModelRegistry, models_stay_where_they_are_when_it_is_moved) {
  ModelRegistry first = ModelRegistry::embedded().value();
  const ObjectModel* device = first.newest(3);
  const ModelRegistry second = std::move(first);
  EXPECT_EQ(second.newest(3), device);
  EXPECT_EQ(device->find(9)->name, "Battery Level");
}

/// A folder of its own for one test, removed at its end.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "linnet-registry-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void add(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  std::filesystem::path path_;
};

std::string ddf(int id, const std::string& name) {
  return "<LWM2M><Object ObjectType=\"MODefinition\"><Name>" + name + "</Name>\n<ObjectID>" +
         std::to_string(id) +
         "</ObjectID><MultipleInstances>Single</MultipleInstances><Mandatory>Optional</"
         "Mandatory><Resources>\n"
         "<Item "
         "ID=\"1\"><Name>R</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>"
         "<Mandatory>Optional</Mandatory><Type>Integer</Type></Item></Resources></Object></LWM2M>\n";
}

TEST(ModelRegistry, OB_4_a_folder_of_vendor_objects_is_loaded) {
  Folder folder;
  folder.add("a.xml", ddf(33000, "Gauge"));
  folder.add("b.xml", ddf(33001, "Valve"));
  folder.add("Common.xml", "<LWM2M><Object ObjectType=\"CommonResources\"/></LWM2M>");
  folder.add("notes.txt", "not XML");
  ModelRegistry registry = ModelRegistry::embedded().value();
  const auto loaded = registry.load_folder(folder.path());
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(*loaded, 2U);
  EXPECT_EQ(registry.objects().size(), 426U);
  EXPECT_EQ(registry.find("valve")->id, 33001);
  EXPECT_EQ(registry.type_of(Path(33000, 0, 1), {1, 0}), DataType::kInteger);
}

TEST(ModelRegistry, OB_4_a_bad_file_in_a_folder_is_named_and_nothing_is_added) {
  Folder folder;
  folder.add("a.xml", ddf(33000, "Gauge"));
  folder.add("b.xml", ddf(65535, "Valve"));
  ModelRegistry registry;
  const LoadError error = registry.load_folder(folder.path()).error();
  EXPECT_EQ(error.file, (folder.path() / "b.xml").string());
  EXPECT_EQ(error.line, 2U);
  EXPECT_TRUE(registry.objects().empty());
}

TEST(ModelRegistry, OB_4_two_files_of_a_folder_must_not_define_the_same) {
  Folder folder;
  folder.add("a.xml", ddf(33000, "Gauge"));
  folder.add("b.xml", ddf(33000, "Valve"));
  ModelRegistry registry;
  const LoadError error = registry.load_folder(folder.path()).error();
  EXPECT_EQ(error.file, (folder.path() / "b.xml").string());
  EXPECT_NE(error.reason.find("a.xml"), std::string::npos);
}

TEST(ModelRegistry, OB_4_a_single_file_is_loaded_or_refused_by_name) {
  Folder folder;
  folder.add("a.xml", ddf(33000, "Gauge"));
  ModelRegistry registry;
  EXPECT_EQ(registry.load_ddf(folder.path() / "a.xml").value(), 1U);
  EXPECT_EQ(registry.load_ddf(folder.path() / "missing.xml").error().file,
            (folder.path() / "missing.xml").string());
  EXPECT_EQ(registry.load_ddf(folder.path()).error().reason, "not a regular file");
  EXPECT_FALSE(registry.load_folder(folder.path() / "nowhere"));
  EXPECT_EQ(registry.objects().size(), 1U);
}

}  // namespace
}  // namespace linnet::registry
