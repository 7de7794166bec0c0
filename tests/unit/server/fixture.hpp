// SPDX-License-Identifier: Apache-2.0
// A management engine with scripted devices: each is a virtual link, messages are bytes.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "linnet/coap/message.hpp"
#include "linnet/server/engine.hpp"

namespace linnet::server::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

/// The same numbers every time.
class CountingRandom final : public Random {
 public:
  std::uint32_t next() noexcept override {
    state_ = state_ * 1664525U + 1013904223U;
    return state_ ^ state_ >> 15U;
  }

 private:
  std::uint32_t state_ = 1;
};

/// Keeps what the engine sends, by link. An address is one byte: the number of the link.
class VirtualLinks final : public coap::Links, public LinkDirectory {
 public:
  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_of_all; }
  ByteSpan prepare(coap::LinkId /*link*/, std::size_t size) noexcept override {
    buffer_.assign(size, 0);
    return buffer_;
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    sent[coap::index(link)].push_back(
        Bytes(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  std::optional<coap::LinkId> open(ByteView address) noexcept override {
    if (address.size() != 1) return std::nullopt;
    return coap::LinkId{address[0]};
  }
  std::size_t address(coap::LinkId link, ByteSpan out) noexcept override {
    out[0] = static_cast<std::uint8_t>(coap::index(link));
    return 1;
  }

  std::map<std::uint32_t, std::deque<Bytes>> sent;
  coap::LinkTraits traits_of_all;

 private:
  Bytes buffer_;
};

/// The Device object, as far as these tests look at it.
class DeviceModels final : public Models {
 public:
  const lwm2m::ObjectModel* find(lwm2m::ObjectId object, lwm2m::Version version) const noexcept override {
    return object == 3 && version == lwm2m::Version{1, 0} ? &device_ : nullptr;
  }

 private:
  static constexpr std::array kResources{
      lwm2m::ResourceModel{0, "Manufacturer", lwm2m::DataType::kString, lwm2m::Operations::kR, false, false,
                           "", ""},
      lwm2m::ResourceModel{4, "Reboot", lwm2m::DataType::kNone, lwm2m::Operations::kE, false, true, "", ""},
      lwm2m::ResourceModel{9, "Battery Level", lwm2m::DataType::kInteger, lwm2m::Operations::kR, false, false,
                           "%", ""},
      lwm2m::ResourceModel{11, "Error Code", lwm2m::DataType::kInteger, lwm2m::Operations::kR, true, true, "",
                           ""}};
  lwm2m::ObjectModel device_{3, {1, 0}, "Device", false, true, kResources};
};

/// Writes down what it is told.
class RecordingListener final : public Listener {
 public:
  struct Result {
    OperationId id;
    OperationKind kind;
    lwm2m::Path path;
    std::optional<Errc> failure;
    coap::Code code;
    std::optional<lwm2m::ContentFormat> format;
    Bytes payload;
    std::optional<lwm2m::Path> created;
    std::optional<ObservationId> observation;
  };
  struct Value {
    RegistrationId registration;
    ObservationId observation;
    std::string endpoint;
    lwm2m::Path path;
    std::vector<lwm2m::Path> paths;
    coap::Code code;
    Bytes payload;
  };
  struct Push {
    RegistrationId registration;
    std::string endpoint;
    lwm2m::ContentFormat format;
    Bytes payload;
  };
  struct Stored {
    Change::Kind kind;
    std::optional<Ticket> ticket;
    RegistrationId id;
    std::string endpoint;
    Instant expires;
  };

  struct QueueStored {
    Change::Kind kind;
    std::optional<Ticket> ticket;
    std::string endpoint;
    QueuedId id;
    Instant expires;
    Bytes record;
  };

  linnet::Result<void> admit(coap::LinkId /*link*/, std::string_view endpoint) noexcept override {
    if (endpoint == refused) return fail(Errc::kUnauthorized, refusal);
    return {};
  }
  std::string_view tenant(coap::LinkId link) noexcept override {
    const auto at = tenants.find(coap::index(link));
    return at == tenants.end() ? std::string_view{} : std::string_view(at->second);
  }
  std::string proved_endpoint(coap::LinkId link) noexcept override {
    const auto at = proved.find(coap::index(link));
    return at == proved.end() ? "" : at->second;
  }
  void on_registered(const Registration& registration, Instant /*now*/) noexcept override {
    events.push_back("registered " + std::string(registration.endpoint));
    last = registration.id;
  }
  void on_updated(const Registration& registration, UpdateChanges what, Instant /*now*/) noexcept override {
    std::string event = "updated " + std::string(registration.endpoint);
    if (what.link) event += " link";
    if (what.parameters) event += " parameters";
    if (what.objects) event += " objects";
    events.push_back(event);
  }
  void on_ended(const Registration& registration, EndReason why, Instant /*now*/) noexcept override {
    static constexpr std::array kReasons{"deregistered ", "expired ", "replaced ", "forgotten "};
    events.push_back(kReasons[static_cast<std::size_t>(why)] + std::string(registration.endpoint));
  }
  void on_result(OperationId id, const OperationResult& result, Instant /*now*/) noexcept override {
    results.push_back({id, result.kind, result.path, result.failure, result.code, result.format,
                       Bytes(result.payload.begin(), result.payload.end()), result.created,
                       result.observation});
  }
  void on_notified(const Notified& notified, Instant /*now*/) noexcept override {
    values.push_back({notified.registration, notified.observation, std::string(notified.endpoint),
                      notified.path, std::vector(notified.paths.begin(), notified.paths.end()), notified.code,
                      Bytes(notified.payload.begin(), notified.payload.end())});
  }
  void on_observation_ended(ObservationId /*id*/, RegistrationId /*registration*/, const Observed& observed,
                            ObservationEnd why, Instant /*now*/) noexcept override {
    ended_paths.assign(observed.paths.begin(), observed.paths.end());
    static constexpr std::array kReasons{"cancelled", "error", "registration"};
    events.push_back(std::string("observation ended: ") + kReasons[static_cast<std::size_t>(why)]);
  }
  void on_sent(const Sent& push, Instant /*now*/) noexcept override {
    sent.push_back({push.registration, std::string(push.endpoint), push.format,
                    Bytes(push.payload.begin(), push.payload.end())});
  }
  void on_change(const Change& change, Instant /*now*/) noexcept override {
    changes.push_back({change.kind, change.ticket, change.id, std::string(change.endpoint), change.expires});
  }

  void on_operation_queued(const QueuedOperation& operation, Instant /*now*/) noexcept override {
    queue.push_back("queued " + path_of(operation));
  }
  void on_operation_started(const QueuedOperation& operation, Instant /*now*/) noexcept override {
    queue.push_back("started " + path_of(operation));
  }
  void on_operation_finished(const QueuedOperation& operation, Instant /*now*/) noexcept override {
    static constexpr std::array kStates{"", "", "", "done ", "expired ", "cancelled ", "refused "};
    queue.push_back(kStates[static_cast<std::size_t>(operation.state)] + path_of(operation));
    ended[operation.id] = operation.reason;
  }
  void on_operation_change(const QueuedChange& change, Instant /*now*/) noexcept override {
    queue_changes.push_back({change.kind, change.ticket, std::string(change.endpoint), change.id,
                             change.expires, Bytes(change.record.begin(), change.record.end())});
  }
  void on_observation_change(const ObservationChange& change, Instant /*now*/) noexcept override {
    observation_changes.push_back(change);
  }

  std::string refused;
  std::uint8_t refusal = 0;
  std::map<std::uint32_t, std::string> proved;   // by link
  std::map<std::uint32_t, std::string> tenants;  // by link
  RegistrationId last;
  std::vector<std::string> events;
  std::vector<Result> results;
  std::vector<Value> values;
  std::vector<lwm2m::Path> ended_paths;  // of the observation that ended last
  std::vector<Push> sent;
  std::vector<Stored> changes;
  std::vector<ObservationChange> observation_changes;
  std::vector<std::string> queue;  // "queued /3/0/0", ...
  std::map<QueuedId, QueuedReason> ended;
  std::vector<QueueStored> queue_changes;

 private:
  static std::string path_of(const QueuedOperation& operation) {
    std::array<std::uint8_t, lwm2m::Path::kMaxText> text;
    ByteWriter out(text);
    operation.operation.path.write(out);
    return std::string(as_text(out.written()));
  }
};

/// One message as a device writes it.
struct Request {
  coap::Code code = coap::Code::kPost;
  coap::Type type = coap::Type::kConfirmable;
  std::vector<std::string> path;
  std::vector<std::string> query;
  std::optional<std::uint32_t> observe;
  std::optional<std::uint32_t> format;
  std::optional<std::uint32_t> block2;
  std::string echo;
  std::string payload;
  std::vector<std::string> location;
  Bytes token = {0x42};
  std::optional<std::uint16_t> id;  ///< the next one where absent
};

/// Its bytes.
inline Bytes encode_message(const Request& request, std::uint16_t id) {
  Bytes bytes(2048);
  coap::MessageWriter out(bytes, request.type, request.code, coap::MessageId{id}, coap::Token(request.token));
  for (const auto& segment : request.location) out.option(coap::OptionNumber::kLocationPath, segment);
  if (request.observe) out.option(coap::OptionNumber::kObserve, *request.observe);
  for (const auto& segment : request.path) out.option(coap::OptionNumber::kUriPath, segment);
  if (request.format) out.option(coap::OptionNumber::kContentFormat, *request.format);
  for (const auto& query : request.query) out.option(coap::OptionNumber::kUriQuery, query);
  if (request.block2) out.option(coap::OptionNumber::kBlock2, *request.block2);
  if (!request.echo.empty()) out.option(coap::OptionNumber::kEcho, request.echo);
  out.payload(as_bytes(request.payload));
  bytes.resize(out.finish().value());
  return bytes;
}

class EngineTest : public testing::Test {
 protected:
  static constexpr const char* kObjects = "</1/0>,</3/0>";

  static EngineConfig small_config() {
    EngineConfig config;
    config.max_registrations = 8;
    config.max_observations = 16;
    config.max_observations_per_device = 4;
    config.max_operations = 8;
    config.max_operations_per_device = 4;
    config.max_changes = 8;
    config.lifetime_grace = Seconds{10};
    config.endpoint.max_peers = 16;
    config.endpoint.max_exchanges = 16;
    config.endpoint.max_deferred = 16;
    config.endpoint.max_transfers = 4;
    config.endpoint.max_body = 8192;
    return config;
  }

  void SetUp() override { start(small_config()); }

  void start(const EngineConfig& config) {
    engine = std::make_unique<Engine>();
    ASSERT_TRUE(engine->init(config, links, links, random, models, listener));
  }

  Bytes encode(const Request& request) { return encode_message(request, request.id.value_or(next_id_++)); }

  /// Sends from a link and returns what comes back at once, empty for nothing.
  Bytes send(std::uint32_t link, const Request& request) { return send(link, encode(request)); }
  Bytes send(std::uint32_t link, const Bytes& datagram) {
    links.sent[link].clear();
    engine->receive(coap::LinkId{link}, datagram, now);
    return received(link);
  }
  /// The oldest datagram that the engine sent to a link.
  Bytes received(std::uint32_t link) {
    auto& queue = links.sent[link];
    if (queue.empty()) return {};
    Bytes bytes = queue.front();
    queue.pop_front();
    return bytes;
  }
  static coap::Code code_of(const Bytes& datagram) {
    const auto message = coap::Message::decode(datagram);
    return message ? message->code() : coap::Code::kEmpty;
  }
  static std::vector<std::string> options_of(const Bytes& datagram, coap::OptionNumber number) {
    std::vector<std::string> values;
    const auto message = coap::Message::decode(datagram);
    if (!message) return values;
    for (const coap::Option& option : message->options()) {
      if (option.number == number) values.emplace_back(option.text());
    }
    return values;
  }

  Request registering(const std::string& endpoint, const std::string& lifetime = "300") {
    Request request;
    request.path = {"rd"};
    request.format = 40;
    request.query = {"ep=" + endpoint, "lt=" + lifetime, "lwm2m=1.1", "b=U"};
    request.payload = kObjects;
    return request;
  }
  /// Registers and returns the second segment of the location.
  std::string register_device(std::uint32_t link, const std::string& endpoint) {
    const Bytes answer = send(link, registering(endpoint));
    EXPECT_EQ(code_of(answer), coap::Code::kCreated);
    const auto location = options_of(answer, coap::OptionNumber::kLocationPath);
    return location.size() == 2 ? location[1] : "";
  }
  static Request updating(const std::string& location, std::vector<std::string> query = {}) {
    Request request;
    request.path = {"rd", location};
    request.query = std::move(query);
    return request;
  }
  static Request deregistering(const std::string& location) {
    Request request;
    request.code = coap::Code::kDelete;
    request.path = {"rd", location};
    return request;
  }
  /// The answer of a device to a request of the server, piggybacked.
  Bytes answer(std::uint32_t link, const Bytes& request, Request response) {
    const auto message = coap::Message::decode(request);
    EXPECT_TRUE(message);
    response.type = coap::Type::kAcknowledgement;
    response.id = static_cast<std::uint16_t>(message->message_id());
    response.token.assign(message->token().bytes().begin(), message->token().bytes().end());
    return send(link, response);
  }
  /// Lets time go by, with a step at every deadline.
  void advance(Millis span) {
    const Instant end = now + span;
    for (Instant next = engine->step(now); next <= end; next = engine->step(now)) now = std::max(now, next);
    now = end;
    engine->step(now);
  }
  RegistrationId id_of(const std::string& endpoint) {
    return engine->find(endpoint).value_or(RegistrationId{});
  }

  CountingRandom random;
  VirtualLinks links;
  DeviceModels models;
  RecordingListener listener;
  std::unique_ptr<Engine> engine;
  Instant now{Seconds{1000}};

 private:
  std::uint16_t next_id_ = 100;
};

}  // namespace linnet::server::test
