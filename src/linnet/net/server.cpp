// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/server.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "linnet/net/worker_group.hpp"
#include "linnet/server/owned_operation.hpp"

namespace linnet::net {

namespace {

// A cursor of the whole server: the shard above, the engine's own cursor below.
constexpr unsigned kShardShift = 32;

Outcome failed(const server::Operation& operation, Errc why) {
  Outcome outcome;
  outcome.failure = why;
  outcome.kind = operation.kind;
  outcome.path = operation.path;
  return outcome;
}

std::optional<Device> describe_whole(Shard& shard, server::RegistrationId id) {
  const auto registration = shard.engine().get(id);
  if (!registration) return std::nullopt;
  Device device = shard.describe(*registration);
  shard.engine().for_each_observation(id, [&](server::ObservationId observation,
                                              const server::Observed& observed) {
    device.observations.push_back(
        {.id = observation, .path = observed.path, .paths = {observed.paths.begin(), observed.paths.end()}});
  });
  return device;
}

/// A page under way, from shard to shard.
struct Listing {
  DeviceFilter filter;
  std::uint32_t cursor = 0;
  std::uint32_t limit = 0;
  unsigned shards = 0;
  Server::PageHandler done;
  DevicePage page;

  std::optional<unsigned> operator()(Shard* shard) {
    if (shard == nullptr) return finish();
    const server::Engine::Filter seen{
        .endpoint_contains = filter.endpoint_contains, .object = filter.object, .tenant = filter.tenant};
    const auto missing = limit - static_cast<std::uint32_t>(page.devices.size());
    const auto next =
        shard->engine().list(cursor, missing, seen, [&](const server::Registration& registration) {
          page.devices.push_back(shard->describe(registration));
        });
    const unsigned at = next ? shard->index() : shard->index() + 1;
    cursor = next.value_or(0);
    if (at == shards) return finish();
    if (page.devices.size() < limit) return at;
    page.next = std::uint64_t{at} << kShardShift | cursor;
    return finish();
  }

 private:
  std::optional<unsigned> finish() {
    done(std::move(page));
    return std::nullopt;
  }
};

}  // namespace

Server::Server(std::unique_ptr<WorkerGroup> workers) noexcept : workers_(std::move(workers)) {}
Server::~Server() = default;

std::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerConfig& config,
                                                                  const server::Models& models) {
  auto workers = std::make_unique<WorkerGroup>();
  if (const auto started = workers->start(config, models); !started) return std::unexpected(started.error());
  return std::unique_ptr<Server>(new Server(std::move(workers)));
}

void Server::stop() {
  workers_->stop();
}
const std::vector<Address>& Server::listening_dtls() const noexcept {
  return workers_->config().dtls.listen;
}

const std::vector<Address>& Server::listening() const noexcept {
  return workers_->config().listen;
}
const std::vector<Address>& Server::listening_tcp() const noexcept {
  return workers_->config().listen_tcp;
}
const std::vector<Address>& Server::listening_tls() const noexcept {
  return workers_->config().listen_tls;
}
BootstrapServer* Server::bootstrap() noexcept {
  return workers_->bootstrap();
}
CredentialBook& Server::credentials() noexcept {
  return workers_->credentials();
}
const std::vector<std::string>& Server::tenants() const noexcept {
  return workers_->tenants();
}
unsigned Server::shards() const noexcept {
  return workers_->size();
}
store::Health Server::health() const {
  return workers_->store() != nullptr ? workers_->store()->health() : store::Health{};
}
std::uint64_t Server::restored() const noexcept {
  return workers_->restored();
}
std::uint64_t Server::operations_restored() const noexcept {
  return workers_->operations_restored();
}
std::uint64_t Server::not_restored() const noexcept {
  return workers_->not_restored();
}

Result<void> Server::perform(std::string_view endpoint, const server::Operation& operation,
                             OutcomeHandler done) {
  return workers_->at_owner(endpoint, [owned = server::OwnedOperation(operation), done = std::move(done)](
                                          Shard* shard, std::optional<server::RegistrationId> id) mutable {
    if (shard == nullptr) return done(failed(owned.view(), Errc::kClosed));
    if (!id) return done(failed(owned.view(), Errc::kNotFound));
    // A payload of any size stays here until the outcome is told.
    auto kept = std::make_shared<const server::OwnedOperation>(std::move(owned));
    server::Operation lent = kept->view();
    lent.lent = true;
    shard->perform(*id, lent,
                   [kept, done = std::move(done)](Outcome outcome) mutable { done(std::move(outcome)); });
  });
}

Result<void> Server::enqueue(std::string_view endpoint, const server::Operation& operation,
                             const server::Hold& hold, Millis patience, QueuedHandler done) {
  return workers_->at_owner(
      endpoint, [owned = server::OwnedOperation(operation), hold, patience, done = std::move(done)](
                    Shard* shard, std::optional<server::RegistrationId> id) mutable {
        if (shard == nullptr) return done(fail(Errc::kClosed));
        if (!id) return done(fail(Errc::kNotFound));
        shard->enqueue(*id, owned.view(), hold, patience, std::move(done));
      });
}

Result<void> Server::find_queued(std::string_view endpoint, server::QueuedId id, Millis patience,
                                 QueuedHandler done) {
  return workers_->look_everywhere(endpoint, [endpoint = std::string(endpoint), id, patience,
                                              done = std::move(done)](Shard* shard) mutable {
    if (shard != nullptr) return shard->find_queued(endpoint, id, patience, done);
    done(fail(Errc::kNotFound));
    return true;
  });
}

Result<void> Server::cancel_queued(std::string_view endpoint, server::QueuedId id, DoneHandler done) {
  return workers_->look_everywhere(
      endpoint, [endpoint = std::string(endpoint), id, done = std::move(done)](Shard* shard) mutable {
        if (shard != nullptr) return shard->cancel_queued(endpoint, id, done);
        done(fail(Errc::kNotFound));
        return true;
      });
}

Result<void> Server::list_queued(std::string_view endpoint, QueuedListHandler done) {
  return workers_->look_everywhere(
      endpoint, [endpoint = std::string(endpoint), all = std::map<server::QueuedId, Queued>(),
                 done = std::move(done)](Shard* shard) mutable {
        if (shard != nullptr) {
          shard->engine().for_each_queued(endpoint, [&](const server::QueuedOperation& operation) {
            if (operation.state != server::QueuedState::kSaving) {
              all.insert_or_assign(operation.id, shard->owned(operation));
            }
          });
          return false;
        }
        std::vector<Queued> list;
        list.reserve(all.size());
        for (auto& [id, operation] : all) list.push_back(std::move(operation));
        done(std::move(list));
        return true;
      });
}

Result<void> Server::find(std::string_view endpoint, DeviceHandler done) {
  return workers_->at_owner(
      endpoint, [done = std::move(done)](Shard* shard, std::optional<server::RegistrationId> id) mutable {
        done(id ? describe_whole(*shard, *id) : std::nullopt);
      });
}

Result<void> Server::list(const DeviceFilter& filter, std::uint64_t cursor, std::uint32_t limit,
                          PageHandler done) {
  const std::uint64_t shard = cursor >> kShardShift;
  if (shard >= workers_->size() || limit == 0) return fail(Errc::kInvalidArgument);
  Listing listing{.filter = filter,
                  .cursor = static_cast<std::uint32_t>(cursor),
                  .limit = std::min(limit, kMaxPage),
                  .shards = workers_->size(),
                  .done = std::move(done),
                  .page = {}};
  return workers_->walk(static_cast<unsigned>(shard), std::move(listing));
}

Result<void> Server::remove(std::string_view endpoint, DoneHandler done) {
  return workers_->at_owner(
      endpoint, [done = std::move(done)](Shard* shard, std::optional<server::RegistrationId> id) mutable {
        if (shard == nullptr) return done(fail(Errc::kClosed));
        done(id ? shard->remove(*id) : Result<void>(fail(Errc::kNotFound)));
      });
}

Result<void> Server::forget_observation(std::string_view endpoint, const lwm2m::Path& path,
                                        DoneHandler done) {
  return workers_->at_owner(endpoint, [path, done = std::move(done)](
                                          Shard* shard, std::optional<server::RegistrationId> id) mutable {
    if (shard == nullptr) return done(fail(Errc::kClosed));
    const auto observation = id ? shard->engine().find_observation(*id, path) : std::nullopt;
    if (!observation) return done(fail(Errc::kNotFound));
    done(shard->engine().forget_observation(*observation, shard->now()));
  });
}

Result<void> Server::statistics(StatisticsHandler done) {
  return workers_->walk(
      0,
      [sum = ServerStatistics{}, shards = workers_->size(), bootstrap = bootstrap(), tls = workers_->tls(),
       done = std::make_shared<StatisticsHandler>(std::move(done))](
          Shard* shard) mutable -> std::optional<unsigned> {
        if (shard != nullptr) {
          shard->add_statistics(sum);
          if (shard->index() + 1 < shards) return shard->index() + 1;
        }
        if (tls != nullptr) sum.tls = tls->statistics();
        Result<void> asked = fail(Errc::kNotFound);
        if (bootstrap != nullptr) {
          asked = bootstrap->statistics([sum, done](const BootstrapServerStatistics& own) mutable {
            sum.bootstrap = own.sessions;
            sum.dtls.add(own.dtls);
            sum.tls.add(own.tls);
            sum.streams.add(own.streams);
            sum.connections += own.connections;
            (*done)(sum);
          });
        }
        if (!asked) (*done)(sum);
        return std::nullopt;
      });
}

std::unique_ptr<Subscription> Server::subscribe(std::string endpoint, std::size_t capacity,
                                                std::function<void()> wake, std::string tenant) {
  auto channel = std::make_shared<EventChannel>(workers_->publishers(), capacity, std::move(endpoint),
                                                std::move(wake), std::move(tenant));
  workers_->add_channel(channel);
  return std::make_unique<Subscription>(std::move(channel));
}

}  // namespace linnet::net
