// SPDX-License-Identifier: Apache-2.0
// Every object of the client library against OMA's definition of it.
#include <gtest/gtest.h>

#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/apn_connection_profile.hpp"
#include "linnet/client/objects/bearer_selection.hpp"
#include "linnet/client/objects/binary_app_data.hpp"
#include "linnet/client/objects/cellular_connectivity.hpp"
#include "linnet/client/objects/connectivity_monitoring.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/device_capability.hpp"
#include "linnet/client/objects/event_log.hpp"
#include "linnet/client/objects/firmware_update.hpp"
#include "linnet/client/objects/ipso.hpp"
#include "linnet/client/objects/location.hpp"
#include "linnet/client/objects/lock_and_wipe.hpp"
#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/portfolio.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "linnet/client/objects/software_component.hpp"
#include "linnet/client/objects/software_management.hpp"
#include "linnet/client/objects/virtual_observe.hpp"
#include "linnet/client/objects/wlan_connectivity.hpp"
#include "linnet/registry/model_registry.hpp"

namespace linnet::client {
namespace {

class NoSink final : public PackageSink, public FirmwareInstaller, public SoftwareInstaller {
 public:
  PackageResult begin(std::optional<std::uint32_t>) noexcept override { return PackageResult::kInitial; }
  PackageResult write(std::uint32_t, ByteView) noexcept override { return PackageResult::kInitial; }
  PackageResult finish(PackageInfo&) noexcept override { return PackageResult::kInitial; }
  void discard() noexcept override {}
  bool install() noexcept override { return false; }
  bool install(InstanceId) noexcept override { return false; }
  bool uninstall(InstanceId, bool) noexcept override { return false; }
  bool activate(InstanceId, bool) noexcept override { return false; }
};

enum class Extent : std::uint8_t { kSome, kWhole };

/// Each resource is what OMA says, and no mandatory one is missing; of a whole one nothing is.
void compare(const Object& object, const registry::ModelRegistry& registry, Extent extent = Extent::kSome) {
  const ObjectDefinition& ours = object.definition();
  SCOPED_TRACE("object " + std::to_string(ours.id));
  const lwm2m::ObjectModel* model = registry.find_exact(ours.id, ours.version);
  ASSERT_NE(model, nullptr) << "OMA has no such version";
  for (const ResourceDefinition& row : ours.resources) {
    SCOPED_TRACE("resource " + std::to_string(row.id));
    const lwm2m::ResourceModel* resource = model->find(row.id);
    ASSERT_NE(resource, nullptr);
    EXPECT_EQ(row.type, resource->type);
    EXPECT_EQ(row.operations, resource->operations);
    EXPECT_EQ(row.multiple, resource->multiple);
    EXPECT_EQ(row.mandatory, resource->mandatory);
  }
  for (const lwm2m::ResourceModel& resource : model->resources) {
    const bool needed = resource.mandatory || extent == Extent::kWhole;
    EXPECT_TRUE(!needed || ours.find(resource.id) != nullptr) << "no resource " << resource.id;
  }
}

TEST(ObjectDefinitions, OB_1_mandatory_objects_are_what_OMA_says) {
  const registry::ModelRegistry registry = registry::ModelRegistry::embedded().value();
  compare(SecurityObject<1>(), registry);
  compare(Instances<WholeServerInstance, 1>(), registry, Extent::kWhole);
  compare(Instances<CompactServerInstance, 1>(), registry);
  compare(WholeDeviceObject(), registry, Extent::kWhole);
  compare(DeviceObject(), registry);
}

TEST(ObjectDefinitions, OB_2_optional_objects_of_1_1_are_what_OMA_says) {
  const registry::ModelRegistry registry = registry::ModelRegistry::embedded().value();
  NoSink sink;
  compare(AccessControlObject<1>(), registry, Extent::kWhole);
  compare(ConnectivityMonitoringObject(), registry);
  compare(FirmwareUpdateObject(sink, sink), registry, Extent::kWhole);
  compare(LocationObject(), registry, Extent::kWhole);
  compare(ConnectivityStatisticsObject(), registry);
  compare(OscoreObject<1>(), registry, Extent::kWhole);
}

TEST(ObjectDefinitions, OB_3_further_objects_are_what_OMA_says) {
  const registry::ModelRegistry registry = registry::ModelRegistry::embedded().value();
  compare(LockAndWipeObject(), registry, Extent::kWhole);
  compare(CellularConnectivityObject(), registry);
  compare(ApnConnectionProfileObject<1>(), registry);
  compare(WlanConnectivityObject<1>(), registry);
  compare(BearerSelectionObject(), registry);
  compare(DeviceCapabilityObject<1>(), registry, Extent::kWhole);
  compare(PortfolioObject<1>(), registry, Extent::kWhole);
  compare(SoftwareComponentObject<1>(), registry);
  NoSink sink;
  compare(SoftwareManagementObject({}, sink), registry);
  compare(BinaryAppDataObject<1>(), registry, Extent::kWhole);
  compare(EventLogObject<1>(), registry, Extent::kWhole);
  compare(VirtualObserveObject<1>(), registry, Extent::kWhole);
}

TEST(ObjectDefinitions, objects_of_IPSO_are_what_OMA_says) {
  const registry::ModelRegistry registry = registry::ModelRegistry::embedded().value();
  compare(TemperatureObject<1>(), registry);
  compare(LightControlObject<1>(), registry);
  compare(PushButtonObject<1>(), registry);
}

}  // namespace
}  // namespace linnet::client
