// SPDX-License-Identifier: Apache-2.0
// All objects of the device: those whose behaviour the client library knows (0 to 8, 10, 16, 19, 20, 22),
// and any other of the registry by its model.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "firmware.hpp"
#include "linnet/client/objects/access_control.hpp"
#include "linnet/client/objects/binary_app_data.hpp"
#include "linnet/client/objects/cellular_connectivity.hpp"
#include "linnet/client/objects/connectivity_monitoring.hpp"
#include "linnet/client/objects/connectivity_statistics.hpp"
#include "linnet/client/objects/device.hpp"
#include "linnet/client/objects/event_log.hpp"
#include "linnet/client/objects/location.hpp"
#include "linnet/client/objects/lock_and_wipe.hpp"
#include "linnet/client/objects/oscore.hpp"
#include "linnet/client/objects/portfolio.hpp"
#include "linnet/client/objects/security.hpp"
#include "linnet/client/objects/server_account.hpp"
#include "linnet/client/objects/virtual_observe.hpp"
#include "linnet/registry/model_registry.hpp"
#include "model_object.hpp"
#include "settings.hpp"
#include "software.hpp"

namespace linnet::device {

class Objects {
 public:
  /// As they leave the factory. All must outlive them; `firmware` and `software` may be null.
  [[nodiscard]] static OrRefusal<std::unique_ptr<Objects>> make(const Settings& settings,
                                                                const registry::ModelRegistry& registry,
                                                                client::Platform& platform,
                                                                Firmware* firmware, Software* software);

  /// Ascending by their ids.
  [[nodiscard]] std::span<client::Object* const> all() const noexcept { return all_; }
  /// 3/0/3; the text must outlive the objects.
  void set_firmware_version(std::string_view version) noexcept { device_.get(0)->firmware_version = version; }
  /// Objects 0, 1 and 21 as they left the factory.
  void restore_accounts(const Settings& settings);
  /// TLS-DTLS Alert Code (1/x/11) of this server, where it has an account.
  void set_alert(lwm2m::ShortServerId server, std::uint8_t code) noexcept;
  [[nodiscard]] client::Object* find(lwm2m::ObjectId id) const noexcept;
  /// Objects 8 and 10; null where the device has none, or one of another version.
  [[nodiscard]] client::LockAndWipeObject* lock() noexcept;
  [[nodiscard]] client::CellularConnectivityObject* cellular() noexcept;
  /// Those whose instances hold what servers and simulations put there alone: what can be wiped.
  [[nodiscard]] std::vector<lwm2m::ObjectId> data() const;
  /// Null where the object is none of these.
  [[nodiscard]] ModelObject* find_model_object(lwm2m::ObjectId id) const noexcept;

 private:
  static constexpr std::size_t kMaxRights = 256;    ///< instances of object 2
  static constexpr std::size_t kMaxInstances = 16;  ///< of an object that servers create instances of

  /// An object that the library knows, beside those of 1.1; null for all others.
  [[nodiscard]] client::Object* find_known(lwm2m::ObjectId id) noexcept;
  using Security = client::BasicSecurityInstance<client::kAmpleSecuritySizes>;
  void add_accounts(const Settings& settings);
  void give_context(Security& security, lwm2m::InstanceId instance, const Settings& settings);
  void link_portfolio();
  void link_profiles();
  void add_device(const Settings& settings, client::Platform& platform);
  OrRefusal<void> add(const ObjectRequest& request, const registry::ModelRegistry& registry, UnixTime now);
  OrRefusal<void> add_known(client::Object& object, const ObjectRequest& request);
  OrRefusal<void> add_model_object(const ObjectRequest& request, const registry::ModelRegistry& registry,
                                   UnixTime now);

  client::SecurityObject<Settings::kMaxServers + 1, client::kAmpleSecuritySizes> security_;
  client::ServerObject<Settings::kMaxServers> servers_;
  client::OscoreObject<Settings::kMaxServers + 1> contexts_;
  client::AccessControlObject<kMaxRights, 16> rights_;
  client::WholeDeviceObject device_;
  client::ConnectivityMonitoringObject connectivity_;
  client::LocationObject location_;
  client::ConnectivityStatisticsObject statistics_;
  client::LockAndWipeObject lock_;
  client::CellularConnectivityObject cellular_;
  client::PortfolioObject<kMaxInstances> portfolio_;
  client::BinaryAppDataObject<kMaxInstances, 32, 1024> app_data_;
  client::EventLogObject<kMaxInstances, 4096> event_log_;
  client::VirtualObserveObject<kMaxInstances> virtual_observe_;
  std::map<lwm2m::ObjectId, std::unique_ptr<ModelObject>> model_objects_;
  std::vector<client::Object*> all_;
};

}  // namespace linnet::device
