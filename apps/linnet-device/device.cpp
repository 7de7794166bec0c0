// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "linnet/client/accounts.hpp"
#include "linnet/store/seal_key.hpp"

namespace linnet::device {

using lwm2m::InstanceId;
using lwm2m::kMaxId;
using lwm2m::ObjectId;
using lwm2m::Path;
using lwm2m::Value;

namespace {

client::Config engine_config(const Settings& settings) {
  client::Config config;
  config.endpoint = settings.endpoint;
  config.queue_mode = settings.queue_mode;
  if (settings.awake) config.awake = Seconds(*settings.awake);
  config.codecs = lwm2m::all_codecs();
  // After a bootstrap the old accounts go once the new ones are there.
  config.max_servers = static_cast<std::uint8_t>(settings.provisioned() ? 2 * Settings::kMaxServers
                                                                        : settings.accounts.size());
  config.max_bootstrap = Device::kMaxBody;
  config.max_observations = Device::kMaxObservations;
  config.max_attributes = Device::kMaxAttributes;
  config.confirmable_notifications = settings.confirmable_notifications;
  config.max_state = static_cast<std::uint32_t>(Device::kMaxState);
  // With packages there is a link to where one comes from.
  const bool more_links = settings.provisioned() || settings.takes_packages();
  config.coap.max_peers =
      static_cast<std::uint32_t>(more_links ? Settings::kMaxLinks : settings.accounts.size());
  config.coap.freshness = settings.freshness;
  config.coap.max_streams = 4;  // packages on their way at once
  config.coap.recent_requests = 32;
  config.coap.max_exchanges = 64;
  config.coap.max_per_peer = 32;
  config.coap.max_transfers = 7;  // two of them for one server: a body in blocks whose messages come in parts
  config.coap.max_body = Device::kMaxBody;
  config.coap.max_message = Device::kMaxMessage;
  config.coap.recent_notifications = 64;
  return config;
}

/// Values of one resource into `records`.
void collect(client::Object& object, const Path& path, const client::ResourceDefinition& definition,
             std::vector<api::OwnedRecord>& records) {
  if (lwm2m::executable(definition.operations)) return;
  const auto take = [&](const Path& at) {
    if (const auto value = object.read(at)) records.push_back({at, api::OwnedValue(*value)});
  };
  if (!definition.multiple || path.depth() == 4) return take(path);
  InstanceId i = object.next_resource_instance(path.instance(), definition.id, 0);
  for (; i != kMaxId;
       i = object.next_resource_instance(path.instance(), definition.id, static_cast<InstanceId>(i + 1))) {
    take(path.child(i));
  }
}

}  // namespace

Device::Device(const Settings& settings, const registry::ModelRegistry& registry, coap::Links& links,
               Random& random, Clock& clock, Observer& observer, LinkSource& source)
    : factory_(settings),
      settings_(settings),
      registry_(registry),
      random_(random),
      clock_(clock),
      observer_(observer),
      connections_(settings, links, source, *this, observer),
      lock_([this](ObjectId object) { wipe(object); },
            [this](const LockReport& report) { observer_.on_lock(report); }),
      modem_([this](bool on) { observer_.on_radio(on); }),
      memory_(client::Engine::memory_needed(engine_config(settings))) {}

OrRefusal<std::unique_ptr<Device>> Device::make(const Settings& settings,
                                                const registry::ModelRegistry& registry, coap::Links& links,
                                                Random& random, Clock& clock, Observer& observer,
                                                LinkSource& source, client::Downloader* downloader) {
  std::unique_ptr<Device> device(new Device(settings, registry, links, random, clock, observer, source));
  if (auto opened = device->open_state(); !opened) return std::unexpected(opened.error());
  if (auto opened = device->open_packages(downloader); !opened) return std::unexpected(opened.error());
  if (auto built = device->build(); !built) return std::unexpected(built.error());
  if (auto booted = device->boot(); !booted) return std::unexpected(booted.error());
  return device;
}

OrRefusal<void> Device::open_state() {
  const std::string& path = settings_.state;
  if (path.empty()) return {};
  memory_.resize(memory_.size() + kMaxState);
  if (settings_.state_key.empty()) {
    if (is_sealed_state(path, kMaxState)) {
      return refuse(Errc::kUnauthorized,
                    "--state " + path + ": it is encrypted: name its key by --state-key");
    }
    auto opened = StateFile::open(path, kMaxState);
    if (!opened) return refuse(Errc::kIo, "--state " + opened.error());
    clear_state_ = *std::move(opened);
    state_ = clear_state_.get();
    return {};
  }
  const auto key = store::read_seal_key(settings_.state_key);
  if (!key) return refuse(key.error().code, "--state-key: " + key.error().message);
  auto opened = SealedState::open(path, kMaxState, *key);
  if (!opened) return refuse(Errc::kIo, "--state " + opened.error());
  sealed_state_ = *std::move(opened);
  state_ = sealed_state_.medium.get();
  return {};
}

OrRefusal<void> Device::open_packages(client::Downloader* downloader) {
  if (!settings_.firmware.empty()) {
    auto firmware = Firmware::open(settings_.firmware, downloader, [this] { restart_ = Restart::kReboot; });
    if (!firmware) return std::unexpected(firmware.error());
    firmware_ = *std::move(firmware);
  }
  if (settings_.software.empty()) return {};
  auto software = Software::open(settings_.software, downloader,
                                 [this](const SoftwareReport& report) { observer_.on_software(report); });
  if (!software) return std::unexpected(software.error());
  software_ = *std::move(software);
  return {};
}

/// Objects and simulations as they leave the factory.
OrRefusal<void> Device::build() {
  settings_.accounts = factory_.accounts;
  auto objects = Objects::make(settings_, registry_, *this, firmware_.get(), software_.get());
  if (!objects) return std::unexpected(objects.error());
  objects_ = *std::move(objects);
  if (auto* lock = objects_->lock(); lock != nullptr) lock_.begin(*lock, objects_->data());
  if (auto* cellular = objects_->cellular(); cellular != nullptr) modem_.begin(*cellular);
  simulations_ = settings_.simulations;
  for (Simulation& simulation : simulations_) {
    if (auto begun = begin(simulation); !begun) {
      return refuse(begun.error().code, "--simulate " + begun.error().text);
    }
  }
  return {};
}

/// A new engine over the objects: nothing is known of servers but their accounts.
OrRefusal<void> Device::boot() {
  engine_ = std::make_unique<client::Engine>();
  Arena arena(memory_);
  client::Config config = engine_config(settings_);
  config.medium = state_;
  config.connector = &connections_;
  if (const auto done = set_up_oscore(config); !done) return done;
  const auto session =
      rebooted_ || settings_.same_address_always ? client::Session::kKept : client::Session::kNew;
  const auto done = engine_->init(config, arena, connections_.links(), random_, objects_->all(), this);
  if (!done) {
    return refuse(done.error().code, std::string("the device cannot start: ") + to_string(done.error().code));
  }
  connections_.begin(*engine_, *objects_, session);
  if (firmware_ || software_) packages_.emplace(*engine_);
  if (software_) software_->start(*packages_);
  if (firmware_) {
    firmware_->start(*packages_);
    const auto& installed = firmware_->installed();
    objects_->set_firmware_version(installed ? std::string_view(installed->version) : LINNET_VERSION);
  }
  read_accounts();
  return {};
}

/// Contexts begin anew with each boot; what is kept of them is a part of the state.
OrRefusal<void> Device::set_up_oscore(client::Config& config) {
  config.parts = std::span(parts_).first(3);
  if (objects_->find(client::kOscoreObject) == nullptr) return {};
  client::OscoreConfig oscore;
  oscore.contexts = {.max_contexts = 2 * Settings::kMaxServers + 1,
                     .max_links = config.coap.max_peers,
                     .max_observations = kMaxObservations,
                     .max_message = kMaxMessage};
  oscore.first_use = settings_.credentials.first_use;
  oscore_memory_.resize(client::OscoreAccounts::memory_needed(oscore));
  Arena arena(oscore_memory_);
  oscore_ = std::make_unique<client::OscoreAccounts>();
  if (const auto made = oscore_->init(oscore, arena, crypto_, random_); !made)
    return refuse(made.error().code, "OSCORE cannot be set up");
  parts_[3] = oscore_.get();
  config.parts = parts_;
  config.oscore = oscore_.get();
  return {};
}

/// Both ends of what a simulation will show must be values that the resource takes.
OrRefusal<void> Device::begin(Simulation& simulation) {
  const Path& path = simulation.path();
  const auto definition = find(path);
  if (!definition) return std::unexpected(definition.error());
  if (simulation.pattern() == Simulation::Pattern::kConstant) {
    const auto value =
        api::from_json(nlohmann::json(simulation.constant()), (*definition)->type, api::path_text(path));
    if (!value) return refuse(Errc::kWrongType, value.error().detail);
    return put(path, value->view());
  }
  std::string text;
  for (const double number : {simulation.low(), simulation.high(), simulation.sample(clock_.now())}) {
    const auto value = simulated_value(number, (*definition)->type, text);
    if (!value) {
      return refuse(Errc::kWrongType, api::path_text(path) + " is of type " +
                                          std::string(lwm2m::to_string((*definition)->type)) +
                                          ", which does not show this pattern: take constant:VALUE");
    }
    if (auto shown = put(path, *value); !shown) return shown;
  }
  return {};
}

void Device::receive(coap::LinkId link, ByteView datagram) noexcept {
  // While the radio is off nobody hears it.
  if (!modem_.on()) return;
  const bool awake = !settings_.queue_mode || connections_.handshaking(link) || connections_.stream(link) ||
                     engine_->sleep_advice().radio_until > clock_.now();
  if (awake) connections_.receive(link, datagram, clock_.now());
}

Instant Device::step() {
  const Instant next_value = step_simulations();
  (void)engine_->step(clock_.now());
  if (engine_->online() != modem_.on()) {
    engine_->set_online(modem_.on());
    return Instant::min();
  }
  const Instant next_way = connections_.step(clock_.now());
  if (!restart_) return std::min({next_value, next_way, engine_->next_deadline()});
  const Restart restart = *std::exchange(restart_, std::nullopt);
  (void)engine_->save_now();
  if (firmware_) firmware_->stop();
  if (software_) software_->stop();
  connections_.end();
  packages_.reset();
  engine_.reset();
  if (restart == Restart::kFactoryReset) {
    connections_.sessions().clear();
    connections_.enrollments().clear();
    card_.clear();
  }
  if (state_ != nullptr && restart == Restart::kFactoryReset) {
    for (unsigned region = 0; region < client::Medium::kRegions; ++region) (void)state_->erase(region);
  }
  // With a state only what stands in it comes back. Both succeeded before with the same settings.
  if (state_ != nullptr || restart == Restart::kFactoryReset) (void)build();
  rebooted_ = true;
  (void)boot();
  observer_.on_restart(restart);
  return Instant::min();
}

Instant Device::step_simulations() {
  const Instant now = clock_.now();
  Instant next = kNever;
  std::string text;
  for (Simulation& simulation : simulations_) {
    if (simulation.next() <= now) {
      const double number = simulation.sample(now);
      if (const auto definition = find(simulation.path())) {
        // An instance that a server deleted may come back: the simulation waits for it.
        if (const auto value = simulated_value(number, (*definition)->type, text)) {
          (void)put(simulation.path(), *value);
        }
      }
    }
    next = std::min(next, simulation.next());
  }
  return next;
}

OrRefusal<client::SendId> Device::send(lwm2m::ShortServerId server, std::span<const lwm2m::Path> paths) {
  // What waits for its server says of when it is.
  const auto time = static_cast<double>(clock_.unix_time().seconds);
  const auto sent = engine_->send(server, paths, time);
  if (sent) return *sent;
  switch (sent.error().code) {
    case Errc::kNotFound: return refuse(Errc::kNotFound, "there is no value at one of these paths");
    case Errc::kNotAllowed:
      return refuse(Errc::kNotAllowed,
                    "this cannot be sent: Mute Send (/1/x/23) is true, or a path is not readable");
    case Errc::kUnauthorized: return refuse(Errc::kNotAllowed, "no server may see one of these paths");
    case Errc::kNoSpace:
      return refuse(Errc::kNoSpace, "the queue of packs is full: wait until some are sent");
    case Errc::kInvalidArgument: return refuse(Errc::kInvalidArgument, "a path names at least an object");
    default: return refuse(sent.error().code, "this cannot be sent");
  }
}

bool Device::deregistered() const noexcept {
  using State = client::RegistrationState;
  for (const Account& account : settings_.accounts) {
    switch (engine_->state(account.id)) {
      case State::kRegistering:
      case State::kRegistered:
      case State::kUpdating:
      case State::kDeregistering: return false;
      default: break;
    }
  }
  return true;
}

OrRefusal<const client::ResourceDefinition*> Device::find(const Path& path) const {
  const std::string text = api::path_text(path);
  const client::Object* object = objects_->find(path.object());
  if (object == nullptr) {
    return refuse(Errc::kNotFound, text + ": there is no object " + std::to_string(path.object()) +
                                       ": start the device with --object " + std::to_string(path.object()));
  }
  if (!object->exists(path.instance())) {
    return refuse(Errc::kNotFound,
                  text + ": there is no instance " + api::path_text(path.prefix(2)) + ": create it first");
  }
  const client::ResourceDefinition* definition = object->definition().find(path.resource());
  if (definition == nullptr) {
    return refuse(Errc::kNotFound, text + ": the object has no resource " + std::to_string(path.resource()));
  }
  return definition;
}

OrRefusal<void> Device::put(const Path& path, const Value& value) {
  const auto definition = find(path);
  if (!definition) return std::unexpected(definition.error());
  const std::string text = api::path_text(path);
  if (lwm2m::executable((*definition)->operations)) {
    return refuse(Errc::kNotAllowed, text + " is executed by servers and has no value");
  }
  if ((*definition)->multiple != (path.depth() == 4)) {
    return refuse(Errc::kInvalidArgument,
                  text + ((*definition)->multiple ? " is a multiple resource: name an instance of it"
                                                  : " is not a multiple resource: leave the instance out"));
  }
  const auto converted = value.convert((*definition)->type);
  if (!converted) {
    return refuse(Errc::kWrongType,
                  text + " is of type " + std::string(lwm2m::to_string((*definition)->type)));
  }
  client::Object& object = *objects_->find(path.object());
  if (const auto old = object.has(path.instance(), **definition) ? object.read(path) : fail(Errc::kNotFound);
      old && *old == *converted) {
    return {};
  }
  if (const auto valid = object.validate(path, *converted); !valid) {
    const lwm2m::ResourceModel* model = registry_.resource(path, object.definition().version);
    const std::string range = model != nullptr && !model->range.empty()
                                  ? " outside of " + std::string(model->range)
                                  : " that cannot be set";
    return refuse(Errc::kInvalidArgument,
                  text + ": " + api::to_json(*converted).dump() + " is a value" + range);
  }
  if (const auto written = object.write(path, *converted); !written) {
    return refuse(written.error().code, text + " cannot be set: " + to_string(written.error().code));
  }
  if (engine_ != nullptr) engine_->changed(path);
  return {};
}

/// The instances of the object begin again.
void Device::wipe(ObjectId object) {
  client::Object& wiped = *objects_->find(object);
  for (InstanceId i = wiped.next_instance(0); i != kMaxId;
       i = wiped.next_instance(static_cast<InstanceId>(i + 1))) {
    if (wiped.remove(i)) (void)wiped.create(i);
  }
  engine_->changed(Path(object));
}

OrRefusal<void> Device::set(const Path& path, const Value& value) {
  auto done = put(path, value);
  if (done) std::erase_if(simulations_, [&](const Simulation& s) { return s.path() == path; });
  return done;
}

OrRefusal<std::vector<api::OwnedRecord>> Device::get(const Path& path) const {
  std::vector<api::OwnedRecord> records;
  if (path.depth() >= 3) {
    const auto definition = find(path);
    if (!definition) return std::unexpected(definition.error());
    client::Object& object = *objects_->find(path.object());
    collect(object, path, **definition, records);
    const bool empty = (*definition)->multiple && path.depth() == 3;
    if (records.empty() && !empty) {
      return refuse(Errc::kNotFound, api::path_text(path) + " has no value");
    }
    return records;
  }
  for (client::Object* object : objects_->all()) {
    if (path.depth() > 0 && object->id() != path.object()) continue;
    for (InstanceId i = object->next_instance(0); i != kMaxId;
         i = object->next_instance(static_cast<InstanceId>(i + 1))) {
      if (path.depth() > 1 && i != path.instance()) continue;
      for (const client::ResourceDefinition& definition : object->definition().resources) {
        if (!object->has(i, definition)) continue;
        collect(*object, Path(object->id(), i, definition.id), definition, records);
      }
    }
  }
  const client::Object* object = path.depth() > 0 ? objects_->find(path.object()) : nullptr;
  if (path.depth() > 0 && (object == nullptr || (path.depth() == 2 && !object->exists(path.instance())))) {
    return refuse(Errc::kNotFound, api::path_text(path) + " is not there");
  }
  return records;
}

OrRefusal<Path> Device::create(const Path& path) {
  if (path.depth() < 1 || path.depth() > 2) {
    return refuse(Errc::kInvalidArgument, "write the path of an object (/3303) or of an instance (/3303/1)");
  }
  const std::string text = api::path_text(path);
  client::Object* object = objects_->find(path.object());
  if (object == nullptr) return refuse(Errc::kNotFound, text + ": there is no such object");
  if (ModelObject* model = objects_->find_model_object(path.object()); model != nullptr) {
    const InstanceId instance = path.depth() == 2 ? path.instance() : model->free_instance();
    if (auto added = model->add(instance); !added) return std::unexpected(added.error());
    return Path(path.object(), instance);
  }
  InstanceId instance = path.depth() == 2 ? path.instance() : InstanceId{0};
  while (path.depth() == 1 && object->exists(instance)) ++instance;
  const auto allowed = object->can_create(instance);
  if (!allowed && allowed.error().code == Errc::kNotAllowed)
    return refuse(Errc::kNotAllowed, text + ": the instances of this object are fixed");
  if (!allowed && allowed.error().code == Errc::kExists)
    return refuse(Errc::kExists, text + " is there already");
  if (!allowed || !object->create(instance))
    return refuse(Errc::kNoSpace, text + ": there is no room for more instances; delete one");
  engine_->instances_changed(path.object());
  return Path(path.object(), instance);
}

OrRefusal<void> Device::remove(const Path& path) {
  if (path.depth() < 2) {
    return refuse(Errc::kInvalidArgument, "write the path of an instance or of a resource (/3303/1)");
  }
  ModelObject* object = objects_->find_model_object(path.object());
  if (object == nullptr) {
    client::Object* other = objects_->find(path.object());
    const std::string text = api::path_text(path);
    if (other == nullptr) return refuse(Errc::kNotFound, text + ": there is no such object");
    if (path.depth() > 2) return refuse(Errc::kNotAllowed, text + ": the resources of this object stay");
    if (!other->exists(path.instance())) return refuse(Errc::kNotFound, text + " is not there");
    if (!other->can_remove(path.instance()) || !other->remove(path.instance()))
      return refuse(Errc::kNotAllowed, text + ": the instances of this object are fixed");
    engine_->instances_changed(path.object());
    return {};
  }
  return path.depth() == 2 ? object->drop(path.instance()) : object->drop_value(path);
}

void Device::on_event(const client::Event& event) noexcept {
  observer_.on_event(event);
  if (event.type == client::EventType::kBootstrapped) read_accounts();
}

/// The servers that objects 0 and 1 name now.
void Device::read_accounts() {
  constexpr lwm2m::ResourceId kUri = 0;
  const client::ObjectTree& tree = engine_->objects();
  settings_.accounts.clear();
  for (client::Account found = client::next_account(tree); found.id != 0;
       found = client::next_account(tree, static_cast<InstanceId>(found.server + 1))) {
    const lwm2m::InstanceId security = client::find_security_instance(tree, found.id);
    const auto uri = client::read_text(tree, Path(client::kSecurityObject, security, kUri));
    settings_.accounts.push_back({found.id, std::string(uri.value_or("")), {}});
  }
}

CardOutcome Device::take_card(const CardState& state) {
  using enum CardOutcome;
  const CardReport report = apply_card(state);
  if (report.outcome == kUnchanged) return kUnchanged;
  const bool news = report.outcome == kApplied || report.outcome == kWithdrawn || report != told_;
  told_ = report;
  if (news) observer_.on_card(report);
  return report.outcome;
}

CardReport Device::apply_card(const CardState& state) {
  using enum CardOutcome;
  if (state.kind == CardState::Kind::kUnreadable) return {kWaiting, state.why};
  const bool absent = state.kind == CardState::Kind::kAbsent;
  if (absent && !card_.any()) return {kNothing, state.why};
  if (!absent && card_.knows(state.file)) return {kUnchanged, {}};
  const auto done = absent ? card_.withdraw(*engine_) : card_.apply(*engine_, state.file);
  if (!done && done.error().code == Errc::kBusy) return {kWaiting, "a bootstrap server is at work"};
  fall_back();
  read_accounts();
  if (absent) return {kWithdrawn, state.why};
  if (done) return {kApplied, {}};
  const bool inconsistent = done.error().code == Errc::kNotAllowed;
  return {kRefused, inconsistent ? "its accounts are not consistent" : to_string(done.error().code)};
}

/// Without any account the device is what it was made as.
void Device::fall_back() {
  const client::ObjectTree& tree = engine_->objects();
  if (client::next_account(tree).id != 0 || client::find_bootstrap_account(tree) != kMaxId) return;
  if (factory_.accounts.empty() && !factory_.bootstrap) return;
  objects_->restore_accounts(factory_);
  for (const ObjectId id : {client::kSecurityObject, client::kServerObject, client::kOscoreObject}) {
    engine_->instances_changed(id);
  }
  engine_->start_servers();
}

bool Device::set_unix_time(UnixTime time) noexcept {
  clock_.set_unix_time(time);
  return true;
}

bool Device::reboot() noexcept {
  restart_ = Restart::kReboot;
  return true;
}

bool Device::factory_reset() noexcept {
  restart_ = Restart::kFactoryReset;
  return true;
}

}  // namespace linnet::device
