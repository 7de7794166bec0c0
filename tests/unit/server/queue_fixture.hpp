// SPDX-License-Identifier: Apache-2.0
// Devices in queue mode, and what waits for them.
#pragma once

#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {

using Log = std::vector<std::string>;

class QueueTest : public EngineTest {
 protected:
  static constexpr Seconds kWindow{93};  // MAX_TRANSMIT_WAIT with the default parameters
  static constexpr Seconds kAsleep{200};

  Request registering_queued(const std::string& endpoint, const std::string& lifetime = "86400") {
    Request request = registering(endpoint, lifetime);
    request.query.emplace_back("Q");
    return request;
  }
  /// Registers in queue mode and lets the device fall asleep; the second segment of the location.
  std::string sleeping(std::uint32_t link, const std::string& endpoint) {
    const auto location =
        options_of(send(link, registering_queued(endpoint)), coap::OptionNumber::kLocationPath);
    advance(kAsleep);
    return location.size() == 2 ? location[1] : "";
  }
  static Operation operation(OperationKind kind, const char* path) {
    Operation operation;
    operation.kind = kind;
    operation.path = *lwm2m::Path::parse(path);
    return operation;
  }
  linnet::Result<QueuedId> try_enqueue(const std::string& endpoint, const Operation& operation,
                                       const Hold& hold = {}) {
    return engine->enqueue(id_of(endpoint), operation, hold, now, wall_millis());
  }
  QueuedId enqueue(const std::string& endpoint, const Operation& operation, const Hold& hold = {}) {
    const auto id = try_enqueue(endpoint, operation, hold);
    EXPECT_TRUE(id);
    engine->step(now);
    return id.value_or(QueuedId{});
  }
  QueuedId read(const std::string& endpoint, const char* path, const Hold& hold = {}) {
    return enqueue(endpoint, operation(OperationKind::kRead, path), hold);
  }
  [[nodiscard]] Millis wall_millis() const { return Seconds{1'700'000'000} + now.time_since_epoch(); }

  /// All datagrams that wait for a link, oldest first.
  std::vector<Bytes> mail(std::uint32_t link) {
    std::vector<Bytes> all;
    while (!links.sent[link].empty()) all.push_back(received(link));
    return all;
  }
  /// The paths of the requests among them.
  Log asked(std::uint32_t link) {
    Log paths;
    for (const Bytes& datagram : mail(link)) {
      const coap::Code code = code_of(datagram);
      if (coap::code_class(code) != 0 || code == coap::Code::kEmpty) continue;
      last_request[link] = datagram;
      std::string path;
      for (const auto& segment : options_of(datagram, coap::OptionNumber::kUriPath)) path += "/" + segment;
      paths.push_back(path);
    }
    return paths;
  }
  /// The device answers what it was asked last; what it is asked next.
  Log answer_last(std::uint32_t link, coap::Code code = coap::Code::kContent,
                  const std::string& payload = "x") {
    Request response;
    response.code = code;
    response.format = 0;
    response.payload = payload;
    links.sent[link].clear();
    const Bytes next = answer(link, last_request[link], response);
    if (!next.empty()) links.sent[link].push_front(next);
    return asked(link);
  }
  std::optional<QueuedOperation> shown(const std::string& endpoint, QueuedId id) {
    return engine->find_queued(endpoint, id);
  }

  std::map<std::uint32_t, Bytes> last_request;
};

}  // namespace linnet::server::test
