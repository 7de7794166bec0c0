// SPDX-License-Identifier: Apache-2.0
#include "objects.hpp"

#include <algorithm>

namespace linnet::device {

using lwm2m::ObjectId;

namespace {

constexpr ObjectId kConnectionProfile = 11;
constexpr std::int32_t kLineVoltage = 5000;  // mV
constexpr std::int32_t kLineCurrent = 125;   // mA
constexpr std::int32_t kExternalPower = 5;   // object 3, Available Power Sources

/// What the command line says of keys, for a server that is secured.
template <typename Instance>
void give_keys(Instance& security, const Credentials& credentials) {
  security.mode = static_cast<std::int8_t>(credentials.mode);
  security.identity.assign(credentials.identity);
  security.server_public_key.assign(credentials.server_public_key);
  security.secret_key.assign(credentials.secret_key);
  if (!credentials.sni.empty()) security.sni.emplace(credentials.sni);
  if (credentials.usage) security.certificate_usage = static_cast<std::uint8_t>(*credentials.usage);
  for (std::size_t i = 0; i < credentials.suites.size(); ++i)
    security.ciphersuites.set(i, credentials.suites[i]);
}

}  // namespace

OrRefusal<std::unique_ptr<Objects>> Objects::make(const Settings& settings,
                                                  const registry::ModelRegistry& registry,
                                                  client::Platform& platform, Firmware* firmware,
                                                  Software* software) {
  auto objects = std::make_unique<Objects>();
  objects->add_accounts(settings);
  objects->add_device(settings, platform);
  objects->all_ = {&objects->security_, &objects->servers_, &objects->device_};
  if (settings.provisioned()) objects->all_.push_back(&objects->rights_);
  if (settings.provisioned() || settings.credentials.oscore) objects->all_.push_back(&objects->contexts_);
  if (firmware != nullptr) objects->all_.push_back(&firmware->object());
  if (software != nullptr) {
    objects->all_.push_back(&software->object());
    objects->all_.push_back(&software->components());
  }
  const UnixTime now = platform.unix_time().value_or(UnixTime{});
  for (const ObjectRequest& request : settings.objects) {
    if (auto added = objects->add(request, registry, now); !added) return std::unexpected(added.error());
  }
  for (const Simulation& simulation : settings.simulations) {
    if (objects->find(simulation.path().object()) != nullptr) continue;
    const ObjectRequest request{.id = simulation.path().object()};
    if (auto added = objects->add(request, registry, now); !added) return std::unexpected(added.error());
  }
  std::ranges::sort(objects->all_, {}, &client::Object::id);
  objects->link_portfolio();
  objects->link_profiles();
  return objects;
}

void Objects::restore_accounts(const Settings& settings) {
  for (client::Object* object : std::initializer_list<client::Object*>{&security_, &servers_, &contexts_}) {
    for (auto i = object->next_instance(0); i != lwm2m::kMaxId; i = object->next_instance(i)) {
      if (!object->remove(i)) break;
    }
  }
  add_accounts(settings);
}

void Objects::add_accounts(const Settings& settings) {
  for (std::size_t i = 0; i < settings.accounts.size(); ++i) {
    const auto instance = static_cast<lwm2m::InstanceId>(i);
    auto& security = *security_.add(instance);
    security.uri.assign(settings.accounts[i].uri);
    security.short_server_id = settings.accounts[i].id;
    if (settings.accounts[i].secured()) give_keys(security, settings.credentials);
    give_context(security, instance, settings);
    client::ServerInstance& server = *servers_.add(instance);
    server.short_server_id = settings.accounts[i].id;
    server.mute_send = false;
    server.lifetime = static_cast<std::int32_t>(settings.lifetime);
    server.binding.assign(settings.accounts[i].stream() ? "T" : settings.binding);
  }
  if (!settings.bootstrap) return;
  const auto instance = static_cast<lwm2m::InstanceId>(settings.accounts.size());
  auto& security = *security_.add(instance);
  security.uri.assign(settings.bootstrap->uri);
  security.bootstrap_server = true;
  security.hold_off = settings.hold_off;
  if (settings.bootstrap->secured()) give_keys(security, settings.credentials);
  give_context(security, instance, settings);
}

void Objects::give_context(Security& security, lwm2m::InstanceId instance, const Settings& settings) {
  if (!settings.credentials.oscore) return;
  *contexts_.add(instance) = *settings.credentials.oscore;
  security.oscore = lwm2m::Objlnk{contexts_.id(), instance};
}

void Objects::add_device(const Settings& settings, client::Platform& platform) {
  client::WholeDeviceInstance& device = *device_.add(0);
  device.platform = &platform;
  device.manufacturer = "linnet";
  device.model_number = "simulated device";
  device.serial_number = std::string_view(settings.endpoint);
  device.firmware_version = LINNET_VERSION;
  device.device_type = "simulator";
  device.hardware_version = "1";
  device.software_version = LINNET_VERSION;
  device.power_sources = {kExternalPower};
  device.power_voltages = {kLineVoltage};
  device.power_currents = {kLineCurrent};
  device.battery_level = 100;
  device.battery_status = 0;  // normal
  device.memory_free = 32'768;
  device.memory_total = 65'536;
  device.utc_offset.assign("+00:00");
  device.timezone.assign("Etc/UTC");
  device.binding.assign(settings.binding);
}

OrRefusal<void> Objects::add(const ObjectRequest& request, const registry::ModelRegistry& registry,
                             UnixTime now) {
  const std::string text = "object " + std::to_string(request.id);
  switch (request.id) {
    case 0:
    case 1:
    case 3: return refuse(Errc::kInvalidArgument, text + " is always there: leave it out of --object");
    case 5: return refuse(Errc::kInvalidArgument, text + " comes with --firmware FOLDER");
    case 21:
      return refuse(Errc::kInvalidArgument, text + " comes with --oscore-secret, --bootstrap or --smartcard");
    default: break;
  }
  if (find(request.id) != nullptr) {
    return refuse(Errc::kExists, text + " is given twice: write " + std::to_string(request.id) +
                                     ":INSTANCES for several instances");
  }
  client::Object* known = find_known(request.id);
  const bool other = known != nullptr &&
                     request.version.value_or(known->definition().version) != known->definition().version;
  if (known != nullptr && !other) return add_known(*known, request);
  const bool built_in = request.id == 2 || request.id == 4 || request.id == 6 || request.id == 7;
  if (!built_in) return add_model_object(request, registry, now);
  if (request.instances != 1) return refuse(Errc::kInvalidArgument, text + " has a single instance");
  if (request.id == 2) {
    all_.push_back(&rights_);
  } else if (request.id == 4) {
    connectivity_.add(0)->ip_addresses.set(0, std::string_view("127.0.0.1"));
    all_.push_back(&connectivity_);
  } else if (request.id == 6) {
    location_.add(0)->timestamp = now;
    all_.push_back(&location_);
  } else {
    all_.push_back(&statistics_);
  }
  return {};
}

client::Object* Objects::find_known(ObjectId id) noexcept {
  switch (id) {
    case 8: return &lock_;
    case 10: return &cellular_;
    case 16: return &portfolio_;
    case 19: return &app_data_;
    case 20: return &event_log_;
    case 22: return &virtual_observe_;
    default: return nullptr;
  }
}

OrRefusal<void> Objects::add_known(client::Object& object, const ObjectRequest& request) {
  const std::size_t room = object.can_create(0) ? kMaxInstances : 1;
  if (request.instances > room) {
    return refuse(Errc::kTooLarge, "object " + std::to_string(request.id) + " has room for " +
                                       (room == 1 ? "one instance" : std::to_string(room) + " instances"));
  }
  for (unsigned i = 0; i < request.instances; ++i) (void)object.create(static_cast<lwm2m::InstanceId>(i));
  all_.push_back(&object);
  return {};
}

/// ExtDevInfo (3/0/22) names the instances of object 16 that the device begins with.
void Objects::link_portfolio() {
  client::WholeDeviceInstance& device = *device_.get(0);
  lwm2m::InstanceId i = find(portfolio_.id()) != nullptr ? portfolio_.next_instance(0) : lwm2m::kMaxId;
  for (; i < client::WholeDeviceInstance::kMaxExternalInfo; i = portfolio_.next_instance(i + 1)) {
    device.external_info.set(i, {portfolio_.id(), i});
  }
}

/// Activated Profile Names (10/0/11) names the connections (instances of object 11) that the device begins
/// with.
void Objects::link_profiles() {
  const client::Object* profiles = find(kConnectionProfile);
  if (cellular() == nullptr || profiles == nullptr) return;
  auto& active = cellular_.get(0)->active_profiles;
  constexpr lwm2m::InstanceId kRoom =
      decltype(client::CellularConnectivityInstance::active_profiles)::kCapacity;
  lwm2m::InstanceId i = profiles->next_instance(0);
  for (; i < kRoom; i = profiles->next_instance(static_cast<lwm2m::InstanceId>(i + 1)))
    active.set(i, {kConnectionProfile, i});
}

OrRefusal<void> Objects::add_model_object(const ObjectRequest& request,
                                          const registry::ModelRegistry& registry, UnixTime now) {
  const std::string text = "object " + std::to_string(request.id);
  const lwm2m::ObjectModel* model =
      request.version ? registry.find_exact(request.id, *request.version) : registry.newest(request.id);
  if (model == nullptr) {
    return refuse(Errc::kNotFound, text + " is unknown" + (request.version ? " in this version" : "") +
                                       ": give its definition with --models DIR");
  }
  if (model->resources.size() > client::kMaxResources) {
    return refuse(Errc::kTooLarge,
                  text + " has more than " + std::to_string(client::kMaxResources) + " resources");
  }
  if (request.instances > 1 && !model->multiple) {
    return refuse(Errc::kInvalidArgument, text + " (" + std::string(model->name) + ") has a single instance");
  }
  auto object = std::make_unique<ModelObject>(*model, now);
  for (unsigned i = 0; i < request.instances; ++i) {
    if (auto added = object->add(static_cast<lwm2m::InstanceId>(i)); !added) return added;
  }
  all_.push_back(object.get());
  model_objects_.emplace(request.id, std::move(object));
  return {};
}

void Objects::set_alert(lwm2m::ShortServerId server, std::uint8_t code) noexcept {
  for (auto i = servers_.next_instance(0); i != lwm2m::kMaxId;
       i = servers_.next_instance(static_cast<lwm2m::InstanceId>(i + 1))) {
    if (servers_.get(i)->short_server_id == server)
      servers_.set<&client::ServerInstance::alert_code>(i, code);
  }
}

client::Object* Objects::find(ObjectId id) const noexcept {
  const auto found = std::ranges::find(all_, id, &client::Object::id);
  return found == all_.end() ? nullptr : *found;
}

client::LockAndWipeObject* Objects::lock() noexcept {
  return find(lock_.id()) == &lock_ ? &lock_ : nullptr;
}

client::CellularConnectivityObject* Objects::cellular() noexcept {
  return find(cellular_.id()) == &cellular_ ? &cellular_ : nullptr;
}

std::vector<ObjectId> Objects::data() const {
  std::vector<ObjectId> ids;
  for (const client::Object* object : all_) {
    if (object == &app_data_ || object == &event_log_ || find_model_object(object->id()) != nullptr)
      ids.push_back(object->id());
  }
  return ids;
}

ModelObject* Objects::find_model_object(ObjectId id) const noexcept {
  const auto found = model_objects_.find(id);
  return found == model_objects_.end() ? nullptr : found->second.get();
}

}  // namespace linnet::device
