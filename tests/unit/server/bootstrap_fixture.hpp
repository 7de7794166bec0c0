// SPDX-License-Identifier: Apache-2.0
// A bootstrap server with scripted devices, and configurations to give them.
#pragma once

#include <gmock/gmock.h>

#include <functional>

#include "linnet/registry/model_registry.hpp"
#include "linnet/server/bootstrap_check.hpp"
#include "linnet/server/bootstrap_engine.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {

/// Every object of OMA's registry.
class RegistryModels final : public Models {
 public:
  const lwm2m::ObjectModel* find(lwm2m::ObjectId object, lwm2m::Version version) const noexcept override {
    return registry_.find(object, version);
  }

 private:
  registry::ModelRegistry registry_ = *registry::ModelRegistry::embedded();
};

inline lwm2m::Path path_of(std::string_view text) {
  return *lwm2m::Path::parse(text);
}

/// A write of `path`; the values by their paths behind it: {"0", ...} or {"2/101", ...}.
inline BootstrapWrite writing(std::string_view path,
                              const std::vector<std::pair<std::string, lwm2m::Value>>& values) {
  BootstrapWrite write{path_of(path), {}};
  for (const auto& [name, value] : values) {
    const std::string full = name.empty() ? std::string(path) : std::string(path) + "/" + name;
    write.records.push_back({path_of(full), OwnedValue(value)});
  }
  return write;
}

inline BootstrapWrite security_account(std::string_view path, std::string_view uri, std::int64_t id) {
  using lwm2m::Value;
  return writing(path, {{"0", Value::string(uri)},
                        {"1", Value::boolean(false)},
                        {"2", Value::integer(3)},
                        {"3", Value::opaque({})},
                        {"4", Value::opaque({})},
                        {"5", Value::opaque({})},
                        {"10", Value::integer(id)}});
}

inline BootstrapWrite server_instance(std::string_view path, std::int64_t id) {
  using lwm2m::Value;
  return writing(path, {{"0", Value::integer(id)},
                        {"1", Value::integer(300)},
                        {"6", Value::boolean(true)},
                        {"7", Value::string("U")}});
}

/// Deletes all and writes one account, for every device whose name begins with `urn:`.
inline BootstrapConfiguration simple_configuration() {
  BootstrapConfiguration configuration;
  configuration.name = "fleet";
  configuration.endpoints = {"urn:*"};
  configuration.deletions = {path_of("/0"), path_of("/1")};
  configuration.writes = {security_account("/0/1", "coap://192.0.2.1:5683", 101),
                          server_instance("/1/0", 101)};
  return configuration;
}

/// Writes down what it is told.
class RecordingBootstrap final : public BootstrapListener {
 public:
  std::string proved_endpoint(coap::LinkId /*link*/) noexcept override { return proved; }
  void on_started(std::string_view endpoint, std::string_view configuration, Instant) noexcept override {
    events.push_back("started " + std::string(endpoint) + " " + std::string(configuration));
  }
  void on_finished(const BootstrapResult& result, Instant) noexcept override { results.push_back(result); }
  void on_unknown(std::string_view endpoint, Instant) noexcept override {
    events.push_back("unknown " + std::string(endpoint));
  }

  std::string proved;  ///< by every link
  std::vector<std::string> events;
  std::vector<BootstrapResult> results;
};

/// One request as a device saw it.
struct Seen {
  std::string what;  ///< "PUT /0/1"
  std::optional<std::uint32_t> format;
  std::optional<std::uint32_t> accept;
  Bytes payload;
};

/// What a device answers.
struct Answer {
  coap::Code code = coap::Code::kChanged;
  std::optional<std::uint32_t> format;
  std::string payload;
};

class BootstrapTest : public testing::Test {
 protected:
  static BootstrapEngineConfig small_config() {
    BootstrapEngineConfig config;
    config.max_sessions = 4;
    config.endpoint.max_peers = 16;
    config.endpoint.max_exchanges = 8;
    config.endpoint.max_transfers = 2;
    return config;
  }

  void SetUp() override { start(small_config()); }
  void start(const BootstrapEngineConfig& config) {
    engine = std::make_unique<BootstrapEngine>();
    ASSERT_TRUE(engine->init(config, links, random, listener));
  }
  void give(BootstrapConfiguration configuration) {
    const auto checked = check_configuration(configuration, models);
    ASSERT_TRUE(checked) << checked.error().where << " " << checked.error().reason;
    engine->configurations().put(std::make_shared<const BootstrapConfiguration>(std::move(configuration)));
  }

  /// A Bootstrap-Request; the code of its answer.
  coap::Code ask(std::uint32_t link, const std::vector<std::string>& query, std::uint16_t id = 0) {
    Request request;
    request.path = {"bs"};
    request.query = query;
    request.id = id != 0 ? id : next_id_++;
    return code_of(send(link, request));
  }
  Bytes send(std::uint32_t link, const Request& request) {
    links.sent[link].clear();
    engine->receive(coap::LinkId{link}, encode_message(request, request.id.value_or(next_id_++)), now);
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

  /// Lets the device on `link` answer what the server asks of it, for as long as it asks.
  void answer_all(std::uint32_t link) {
    engine->step(now);
    for (int i = 0; i < 1000 && !links.sent[link].empty(); ++i) {
      answer_next(link);
      engine->step(now);
    }
  }
  /// Answers the oldest request.
  void answer_next(std::uint32_t link) {
    const Bytes bytes = links.sent[link].front();
    links.sent[link].pop_front();
    const auto message = coap::Message::decode(bytes);
    ASSERT_TRUE(message);
    const Seen seen = look(*message);
    if (!coap::is_request(message->code())) return;
    seen_by[link].push_back(seen);
    const Answer given = answer(seen);
    Request response;
    response.type = coap::Type::kAcknowledgement;
    response.code = given.code;
    response.id = static_cast<std::uint16_t>(message->message_id());
    response.token.assign(message->token().bytes().begin(), message->token().bytes().end());
    response.format = given.format;
    response.payload = given.payload;
    engine->receive(coap::LinkId{link}, encode_message(response, *response.id), now);
  }
  static Seen look(const coap::Message& message) {
    static constexpr std::array kMethods{"?", "GET", "POST", "PUT", "DELETE"};
    Seen seen;
    const auto code = static_cast<std::size_t>(message.code());
    seen.what = code < kMethods.size() ? std::string(kMethods[code]) + " " : "? ";
    for (const coap::Option& option : message.options()) {
      if (option.number == coap::OptionNumber::kUriPath) seen.what += "/" + std::string(option.text());
      if (option.number == coap::OptionNumber::kContentFormat) seen.format = option.uint();
      if (option.number == coap::OptionNumber::kAccept) seen.accept = option.uint();
    }
    if (seen.what.ends_with(' ')) seen.what += "/";
    seen.payload.assign(message.payload().begin(), message.payload().end());
    return seen;
  }
  /// As a device that does what it is asked.
  static Answer obey(const Seen& seen) {
    if (seen.what.starts_with("GET")) return {coap::Code::kContent, seen.accept, ""};
    if (seen.what.starts_with("DELETE")) return {coap::Code::kDeleted, {}, ""};
    return {};
  }
  std::vector<std::string> asked(std::uint32_t link = 0) {
    std::vector<std::string> list;
    for (const Seen& seen : seen_by[link]) list.push_back(seen.what);
    return list;
  }
  void advance(Millis span) {
    const Instant end = now + span;
    for (Instant next = engine->step(now); next <= end; next = engine->step(now)) now = std::max(now, next);
    now = end;
    engine->step(now);
  }

  CountingRandom random;
  VirtualLinks links;
  RegistryModels models;
  RecordingBootstrap listener;
  std::unique_ptr<BootstrapEngine> engine;
  Instant now{Seconds{1000}};
  std::function<Answer(const Seen&)> answer = obey;
  std::map<std::uint32_t, std::vector<Seen>> seen_by;

 private:
  std::uint16_t next_id_ = 100;
};

}  // namespace linnet::server::test
