// SPDX-License-Identifier: Apache-2.0
// Send: values that the device reports by itself to /dp (TS 6.4.5, digest §8). Packs wait in a queue
// while a server cannot be reached or has muted them; one is under way at a time for each server.
#include <algorithm>

#include "linnet/client/accounts.hpp"
#include "linnet/client/engine.hpp"

namespace linnet::client {

namespace {

constexpr ResourceId kMuteSend = 23;
constexpr Millis kBusyDelay{1000};    // until a full table of exchanges is tried again
constexpr Seconds kRefusalDelay{60};  // after a 5.xx that gives no Max-Age
constexpr std::array<std::string_view, 1> kPath{"dp"};

/// What a server holds against a pack and would hold against it again.
bool final(Error outcome) noexcept {
  const coap::Code response = response_of(outcome);
  if (response == coap::Code::kEmpty) {
    return outcome.code == Errc::kTooLarge || outcome.code == Errc::kMalformed;
  }
  return coap::code_class(response) == 4 && response != coap::Code::kTooManyRequests;
}

}  // namespace

/// True, or absent from an object that could have it (object 1, resource 23).
bool Engine::mutes_send(ShortServerId server) const noexcept {
  Object* object = tree_.find(kServerObject);
  if (object->definition().find(kMuteSend) == nullptr) return false;
  const InstanceId instance = find_server_instance(tree_, server);
  return instance == kMaxId || number_of(object, instance, kMuteSend, 1) != 0;
}

Result<SendId> Engine::send(ShortServerId server, std::span<const Path> paths,
                            std::optional<double> time) noexcept {
  return enqueue(server, [&](ShortServerId to, lwm2m::RecordSink sink) -> Result<void> {
    const auto stamped = [&](const lwm2m::Record& record) -> Result<void> {
      // A report is values: that an instance is empty is none.
      return record.value.none() ? Result<void>() : sink({record.path, record.value, time});
    };
    for (const Path& path : paths) {
      if (path.depth() == 0) return fail(Errc::kInvalidArgument);
      if (hidden(path.object()) || !may(to, Right::kRead, path)) return fail(Errc::kUnauthorized);
      if (const auto readable = tree_.check_readable(path); !readable) return readable;
      if (const auto walked = walk(path, stamped, to); !walked) return walked;
    }
    return {};
  });
}

Result<SendId> Engine::send(ShortServerId server, std::span<const lwm2m::Record> records) noexcept {
  return enqueue(server, [&](ShortServerId to, lwm2m::RecordSink sink) -> Result<void> {
    for (const lwm2m::Record& record : records) {
      const Path& path = record.path;
      if (path.depth() < 3 || record.value.none()) return fail(Errc::kInvalidArgument);
      if (tree_.find(path.object()) == nullptr) return fail(Errc::kNotFound);
      if (hidden(path.object()) || !may(to, Right::kRead, path)) return fail(Errc::kUnauthorized);
      if (const auto taken = sink(record); !taken) return taken;
    }
    return {};
  });
}

/// A pack for one server or, all or none, for each that does not mute it.
Result<SendId> Engine::enqueue(ShortServerId server,
                               FunctionRef<Result<void>(ShortServerId, lwm2m::RecordSink)> records) noexcept {
  if constexpr (!kSend) return fail(Errc::kUnsupported);
  const std::size_t before = sends_.end();
  Errc nobody = Errc::kNotFound;
  for (const Server& row : servers_) {
    if (row.id == 0 || (server != kEveryServer && row.id != server)) continue;
    if (mutes_send(row.id)) {
      nobody = Errc::kNotAllowed;
      continue;
    }
    if (const auto added = add_pack(row.id, records); !added) {
      sends_.truncate(before);
      return std::unexpected(added.error());
    }
  }
  if (sends_.end() == before) return fail(nobody);
  work_pending_ = true;
  return next_send_++;
}

Result<void> Engine::add_pack(ShortServerId server,
                              FunctionRef<Result<void>(ShortServerId, lwm2m::RecordSink)> records) noexcept {
  const lwm2m::Codec* codec = lwm2m::find_codec(config_.codecs, config_.send_format);
  if (codec == nullptr) return fail(Errc::kUnsupported);
  std::size_t values = 0;
  const auto walk = [&](lwm2m::RecordSink sink) {
    return records(server, [&](const lwm2m::Record& record) {
      ++values;
      return sink(record);
    });
  };
  const auto size = codec->encode(Path(), walk, sends_.room());
  if (!size) return std::unexpected(size.error());
  if (values == 0) return fail(Errc::kNotFound);
  if (*size > config_.coap.max_body) return fail(Errc::kTooLarge);
  SendQueue::Head head;
  head.server = server;
  head.id = next_send_;
  head.size = static_cast<std::uint32_t>(*size);
  sends_.add(head);
  return {};
}

void Engine::step_sends() noexcept {
  for (std::size_t at = 0; at < sends_.end();) {
    const SendQueue::Head& head = sends_.head(at);
    const Server* server = find_server(head.server);
    if (server == nullptr) {
      drop_pack(at, {Errc::kNotFound});
      continue;
    }
    if (!head.under_way && server->state == RegistrationState::kRegistered &&
        sends_.first(head.server) == at) {
      const bool clear = now_ >= head.not_before && endpoint_.ready(server->link) && !mutes_send(head.server);
      if (clear && !send_pack(at, *server)) continue;
      if (!head.under_way && now_ < head.not_before) wake_at(head.not_before);
    }
    at = sends_.next(at);
  }
}

/// False where the pack was dropped, and another one may stand in its place.
bool Engine::send_pack(std::size_t at, const Server& server) noexcept {
  SendQueue::Head& head = sends_.head(at);
  coap::OutgoingRequest request;
  request.method = coap::Code::kPost;
  request.path = kPath;
  request.content_format = static_cast<std::uint16_t>(config_.send_format);
  request.payload = sends_.pack(at);
  const auto id = endpoint_.request(server.link, request, now_);
  if (id) {
    head.under_way = true;
    head.request = static_cast<std::uint32_t>(*id);
  } else if (id.error().code == Errc::kBusy) {
    head.not_before = now_ + kBusyDelay;
  } else {
    drop_pack(at, id.error());
    return false;
  }
  return true;
}

/// The outcome of a request, which may be that of a pack.
void Engine::finish_send(coap::RequestId id, Error outcome, const coap::IncomingResponse* answer) noexcept {
  const coap::Code response = response_of(outcome);
  for (std::size_t at = 0; at < sends_.end(); at = sends_.next(at)) {
    SendQueue::Head& head = sends_.head(at);
    if (!head.under_way || head.request != static_cast<std::uint32_t>(id)) continue;
    work_pending_ = true;
    if (coap::is_success(response)) {
      const Event sent{
          .type = EventType::kSent, .server = head.server, .response = response, .pack = head.id};
      sends_.remove(at);
      emit(sent);
    } else if (final(outcome)) {
      drop_pack(at, outcome);
    } else {
      head.under_way = false;
      if (answer != nullptr) {
        head.not_before = now_ + (answer->max_age ? Seconds(*answer->max_age) : kRefusalDelay);
      } else if (Server* server = find_server(head.server); server != nullptr) {
        // An Update shows whether the registration still stands; the pack follows it.
        server->update_wanted = true;
      }
    }
    return;
  }
}

void Engine::drop_pack(std::size_t at, Error why) noexcept {
  const SendQueue::Head head = sends_.head(at);
  sends_.remove(at);
  emit_failure(EventType::kSendFailed, head.server, why, head.id);
}

}  // namespace linnet::client
