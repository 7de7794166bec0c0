// SPDX-License-Identifier: Apache-2.0
// The management engine from outside: datagrams from several links, time, operations, the store's
// answers. The input is a script of commands, each a byte and what it needs.
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "linnet/lwm2m/codec.hpp"
#include "linnet/server/engine.hpp"

namespace {

using namespace linnet;
using namespace linnet::server;

constexpr std::uint32_t kLinks = 4;
constexpr std::string_view kPack = R"([{"n":"/3/0/1","v":1}])";

class Counter final : public Random {
 public:
  std::uint32_t next() noexcept override { return state_ += 0x9E3779B9U; }

 private:
  std::uint32_t state_ = 0;
};

class Sink final : public coap::Links, public LinkDirectory, public Models {
 public:
  const coap::LinkTraits& traits(coap::LinkId /*link*/) noexcept override { return traits_; }
  ByteSpan prepare(coap::LinkId /*link*/, std::size_t size) noexcept override {
    return size <= buffer_.size() ? ByteSpan(buffer_) : ByteSpan{};
  }
  void send(coap::LinkId link, std::size_t size) noexcept override {
    last[coap::index(link)].assign(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  std::optional<coap::LinkId> open(ByteView address) noexcept override {
    return coap::LinkId{address[0] % kLinks};
  }
  std::size_t address(coap::LinkId link, ByteSpan out) noexcept override {
    out[0] = static_cast<std::uint8_t>(coap::index(link));
    return 1;
  }
  const lwm2m::ObjectModel* find(lwm2m::ObjectId /*object*/,
                                 lwm2m::Version /*version*/) const noexcept override {
    return nullptr;
  }

  std::array<std::vector<std::uint8_t>, kLinks> last;  // the last datagram to each link

 private:
  coap::LinkTraits traits_;
  std::array<std::uint8_t, 2048> buffer_{};
};

class Checker final : public Listener {
 public:
  void on_registered(const Registration& registration, Instant /*now*/) noexcept override {
    look(registration);
  }
  void on_updated(const Registration& registration, UpdateChanges /*what*/,
                  Instant /*now*/) noexcept override {
    look(registration);
  }
  void on_ended(const Registration& registration, EndReason /*why*/, Instant /*now*/) noexcept override {
    look(registration);
  }
  void on_result(OperationId /*id*/, const OperationResult& result, Instant /*now*/) noexcept override {
    if (result.observation) observation = *result.observation;
    if (open-- == 0) std::abort();  // a result that nobody waits for
  }
  void on_notified(const Notified& notified, Instant /*now*/) noexcept override {
    sum += notified.payload.size();
    for (const lwm2m::Path& path : notified.paths) sum += path.depth();
  }
  void on_sent(const Sent& sent, Instant /*now*/) noexcept override {
    // What was checked once can be read again, whole.
    std::array<std::uint8_t, 2048> scratch;
    const auto decoded = lwm2m::decode(
        sent.format, {}, sent.payload, [](const lwm2m::Path&) { return lwm2m::DataType::kNone; }, scratch,
        [&](const lwm2m::Record& record) -> Result<void> {
          sum += record.path.depth();
          return {};
        });
    if (!decoded) std::abort();
  }
  void on_observation_ended(ObservationId /*id*/, RegistrationId /*registration*/, const Observed& observed,
                            ObservationEnd /*why*/, Instant /*now*/) noexcept override {
    for (const lwm2m::Path& path : observed.paths) sum += path.depth();
  }
  void on_observation_change(const ObservationChange& change, Instant /*now*/) noexcept override {
    if (change.kind == Change::Kind::kErase && kept-- == 0) std::abort();  // ended twice, or never kept
    if (change.kind == Change::Kind::kPut) ++kept;
  }
  void on_change(const Change& change, Instant /*now*/) noexcept override {
    if (change.ticket) tickets.push_back(*change.ticket);
  }

  void on_operation_queued(const QueuedOperation& operation, Instant /*now*/) noexcept override {
    look(operation);
    const auto at = under_way_.find(std::string(operation.endpoint));
    if (at != under_way_.end() && at->second == operation.id) under_way_.erase(at);
  }
  void on_operation_started(const QueuedOperation& operation, Instant /*now*/) noexcept override {
    look(operation);
    // One at a time.
    if (!under_way_.emplace(operation.endpoint, operation.id).second) std::abort();
  }
  void on_operation_finished(const QueuedOperation& operation, Instant now) noexcept override {
    on_operation_queued(operation, now);
    if (!finished_.insert(operation.id).second) std::abort();
  }
  void on_operation_change(const QueuedChange& change, Instant /*now*/) noexcept override {
    if (change.ticket) tickets.push_back(*change.ticket);
    sum += change.record.size();
  }

  std::deque<Ticket> tickets;
  std::size_t kept = 0;  // observations that the store has
  std::size_t open = 0;  // operations that wait for a result
  std::size_t sum = 0;
  ObservationId observation{};
  RegistrationId last;
  std::string endpoint;  // of the queued operation that was spoken of last
  QueuedId queued{};

 private:
  void look(const QueuedOperation& operation) noexcept {
    endpoint = operation.endpoint;
    queued = operation.id;
    sum += operation.operation.payload.size() + operation.operation.paths.size() +
           operation.result.payload.size();
  }

  void look(const Registration& registration) noexcept {
    last = registration.id;
    sum += registration.endpoint.size();
    registration.extras.for_each(
        [&](std::string_view name, std::string_view value) { sum += name.size() + value.size(); });
    const auto walked =
        registration.objects.for_each([&](const lwm2m::ObjectListEntry& entry) -> Result<void> {
          sum += entry.object;
          return {};
        });
    if (!walked) std::abort();
  }

  std::map<std::string, QueuedId> under_way_;
  std::set<QueuedId> finished_;
};

EngineConfig config_of(bool durable) {
  EngineConfig config;
  config.max_registrations = 6;
  config.max_observations = 8;
  config.max_observations_per_device = 3;
  config.max_composite_paths = 4;
  config.max_operations = 6;
  config.max_operations_per_device = 3;
  config.max_changes = 4;
  config.max_queued = 6;
  config.max_queued_per_device = 4;
  config.max_queued_bytes = 8192;
  config.max_results = 2;
  config.max_string_bytes = 1U << 20U;
  config.max_object_list = 256;
  config.max_extra_parameters = 64;
  config.durable = durable;
  config.endpoint.max_peers = kLinks;
  config.endpoint.max_exchanges = 8;
  config.endpoint.max_per_peer = 4;
  config.endpoint.max_deferred = 4;
  config.endpoint.max_transfers = 2;
  config.endpoint.max_body = 2048;
  return config;
}

/// A script, its engine and what surrounds it.
class Run {
 public:
  explicit Run(ByteView script) : in_(script) {
    if (!engine_.init(config_of((byte() & 1U) != 0), sink_, sink_, random_, sink_, checker_)) std::abort();
  }
  void all() {
    while (!in_.empty()) command();
    engine_.step(now_ + std::chrono::hours{24});
    std::uint32_t count = 0;
    static_cast<void>(engine_.list(0, 100, {}, [&](const Registration&) { ++count; }));
    if (count != engine_.statistics().registrations) std::abort();
    if (engine_.statistics().operations > checker_.open + engine_.statistics().queued + 2 * kLinks)
      std::abort();
  }

 private:
  std::uint8_t byte() { return in_.u8().value_or(0); }

  void command() {
    const std::uint8_t what = byte();
    const coap::LinkId link{(what >> 3U) % kLinks};
    switch (what & 7U) {
      case 0:
      case 1: {
        const std::size_t size = std::min<std::size_t>(byte(), in_.remaining());
        return engine_.receive(link, *in_.bytes(size), now_);
      }
      case 2: return answer(link);
      case 3:
        now_ += Millis{1U << (byte() % 20U)};
        engine_.step(now_);
        return;
      case 4: return perform();
      case 5: return store();
      case 6: return restart();
      default: return manage(link);
    }
  }

  /// Sends the last datagram back as a response, options and payload from the script.
  void answer(coap::LinkId link) {
    std::vector<std::uint8_t> datagram = sink_.last[coap::index(link)];
    if (datagram.size() < 4) return;
    datagram.resize(std::min<std::size_t>(datagram.size(), 4U + (datagram[0] & 15U)));
    datagram[0] = static_cast<std::uint8_t>((datagram[0] & 0xCFU) | (byte() & 0x30U));
    datagram[1] = byte();
    const std::size_t size = std::min<std::size_t>(byte(), in_.remaining());
    const ByteView rest = *in_.bytes(size);
    datagram.insert(datagram.end(), rest.begin(), rest.end());
    engine_.receive(link, datagram, now_);
  }

  lwm2m::Path any_path() {
    lwm2m::Path path;
    const std::size_t depth = byte() % 5U;
    for (std::size_t i = 0; i < depth; ++i) path = path.child(byte() % 4U);
    return path;
  }

  void perform() {
    with_operation([&](const Operation& operation) {
      if (engine_.perform(checker_.last, operation, now_)) ++checker_.open;
    });
  }

  void with_operation(FunctionRef<void(const Operation&)> use) {
    Operation operation;
    operation.kind = static_cast<OperationKind>(byte() % 14U);
    const bool composite = operation.kind >= OperationKind::kReadComposite;
    std::array<lwm2m::Path, 5> paths{};
    const std::size_t count = composite ? byte() % (paths.size() + 1U) : 1;
    for (lwm2m::Path& path : std::span(paths).first(count)) path = any_path();
    operation.format = composite ? lwm2m::ContentFormat::kSenmlJson : lwm2m::ContentFormat::kText;
    if (composite) {
      operation.paths = std::span(paths).first(count);
    } else {
      operation.path = paths[0];
    }
    if (operation.kind == OperationKind::kWriteComposite) operation.payload = as_bytes(kPack);
    use(operation);
  }

  void enqueue() {
    const Hold hold{Seconds{1U << (byte() % 12U)}, {}};
    with_operation([&](const Operation& operation) {
      static_cast<void>(engine_.enqueue(checker_.last, operation, hold, now_, now_.time_since_epoch()));
    });
  }

  /// Takes a queue to another shard, and a byte in it to something else where the script says so.
  void move() {
    std::vector<std::vector<std::uint8_t>> records;
    engine_.take_operations(checker_.endpoint, [&](const QueuedChange& change) {
      records.emplace_back(change.record.begin(), change.record.end());
    });
    for (std::vector<std::uint8_t>& record : records) {
      const std::uint8_t where = byte();
      record[where % record.size()] ^= byte();
      static_cast<void>(engine_.restore_operation(record, now_ + Seconds{60}, RestoreFrom::kStore));
    }
  }

  void store() {
    if (checker_.tickets.empty()) return;
    const Ticket ticket = checker_.tickets.front();
    checker_.tickets.pop_front();
    (byte() & 1U) != 0 ? engine_.committed(ticket, now_) : engine_.refused(ticket, now_);
  }

  /// Writes a registration and an observation down, forgets them, spoils a byte of each where the script says
  /// so, brings them back.
  void restart() {
    std::array<std::uint8_t, 1024> record;
    std::array<std::uint8_t, 128> observation;
    const auto size = engine_.encode_registration(checker_.last, now_, UnixTime{1000}, record);
    if (!size) return;
    const auto observed = engine_.encode_observation(checker_.observation, observation);
    static_cast<void>(engine_.remove(checker_.last, now_));
    const std::uint8_t where = byte();
    record[where % *size] ^= byte();
    static_cast<void>(engine_.restore(ByteView(record).first(*size), UnixTime{2000}, now_, UnixTime{1000}));
    if (!observed) return;
    observation[where % *observed] ^= byte();
    // The store was told that it ended with its registration: here it comes back all the same.
    if (engine_.restore_observation(ByteView(observation).first(*observed), now_)) ++checker_.kept;
  }

  void manage(coap::LinkId link) {
    switch (byte() % 8U) {
      case 0: return engine_.drop(link, now_);
      case 1: engine_.forget_endpoint("a", now_); return;
      case 2: static_cast<void>(engine_.forget_observation(checker_.observation, now_)); return;
      case 5: return enqueue();
      case 6: static_cast<void>(engine_.cancel(checker_.endpoint, checker_.queued, now_)); return;
      case 7: return move();
      case 3: engine_.drain_touched([](const Registration&) { return true; }); return;
      default: static_cast<void>(engine_.idle(link, now_)); return;
    }
  }

  ByteReader in_;
  Counter random_;
  Sink sink_;
  Checker checker_;
  Engine engine_;
  Instant now_{Seconds{100}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run(ByteView(data, size)).all();
  return 0;
}
