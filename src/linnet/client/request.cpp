// SPDX-License-Identifier: Apache-2.0
// What servers ask: which operation it is, and those that only read or act (TS 6.4.4, 6.7).
#include "linnet/client/request.hpp"

#include "linnet/client/features.hpp"
#include "linnet/lwm2m/execute_arguments.hpp"

namespace linnet::client {

using coap::Code;

[[gnu::noinline]] coap::Reply answer(Code code) noexcept {
  coap::Reply reply;
  reply.code = code;
  return reply;
}

[[gnu::noinline]] coap::Reply answer(Error error) noexcept {
  return answer(response_code(error));
}

Code response_code(Error error) noexcept {
  if (error.response != 0) return static_cast<Code>(error.response);
  switch (error.code) {
    case Errc::kNotFound: return Code::kNotFound;
    case Errc::kNotAllowed: return Code::kMethodNotAllowed;
    case Errc::kUnauthorized: return Code::kUnauthorized;
    case Errc::kMalformed:
    case Errc::kTruncated:
    case Errc::kExists:
    case Errc::kWrongType:
    case Errc::kInvalidArgument: return Code::kBadRequest;
    case Errc::kTooLarge: return Code::kRequestEntityTooLarge;
    default: return Code::kInternalServerError;
  }
}

bool any_format(lwm2m::ContentFormat /*format*/) noexcept {
  return true;
}

Result<void> read_path(const coap::IncomingRequest& message, std::string_view prefix, bool slash,
                       Path& path) noexcept {
  for (const coap::Option& option : message.options) {
    if (option.number != coap::OptionNumber::kUriPath) continue;
    const std::string_view text = option.text();
    if (!prefix.empty()) {
      prefix.remove_prefix(1);
      const std::string_view segment = prefix.substr(0, prefix.find('/'));
      if (segment != text) return fail(Errc::kMalformed);
      prefix.remove_prefix(segment.size());
      continue;
    }
    if (slash && text.empty() && path.depth() == 0) continue;
    const auto id = Path::parse_segment(text);
    if (!id || path.depth() == Path::kMaxDepth) return fail(Errc::kMalformed);
    path = path.child(*id);
  }
  return prefix.empty() ? Result<void>() : fail(Errc::kMalformed);
}

Result<void> Operation::find_path(std::string_view prefix, bool slash) noexcept {
  return read_path(message, prefix, slash, path);
}

Result<void> Operation::find_codec(bool (*fitting)(lwm2m::ContentFormat)) noexcept {
  if (!message.content_format) return fail(Errc::kMalformed);
  const auto format = static_cast<lwm2m::ContentFormat>(*message.content_format);
  codec = lwm2m::find_codec(codecs, format);
  if (codec != nullptr && fitting(format)) return {};
  return fail(Errc::kUnsupported, static_cast<std::uint8_t>(Code::kUnsupportedContentFormat));
}

Result<void> Operation::decode(lwm2m::RecordSink sink) const noexcept {
  return codec->decode(path, message.payload, tree, space, sink);
}

Result<void> Operation::encode(std::optional<std::uint16_t> accept, bool (*fitting)(lwm2m::ContentFormat),
                               lwm2m::RecordWalk walk) const noexcept {
  for (const lwm2m::Codec& candidate : codecs) {
    const auto format = static_cast<std::uint16_t>(candidate.format);
    if (accept.value_or(format) != format || !fitting(candidate.format)) continue;
    const auto size = candidate.encode(path, walk, space);
    if (size) return give(candidate.format, *size);
    if (size.error().code != Errc::kUnsupported) return std::unexpected(size.error());
  }
  return std::unexpected(kNotAcceptable);
}

Result<void> Operation::give(lwm2m::ContentFormat format, std::size_t size) const noexcept {
  reply.code = Code::kContent;
  reply.content_format = static_cast<std::uint16_t>(format);
  reply.payload = space.first(size);
  return {};
}

Result<void> Operation::give_links(const ByteWriter& links) const noexcept {
  return links.ok() ? give(lwm2m::ContentFormat::kLinkFormat, links.size()) : fail(Errc::kNoSpace);
}

coap::Reply Engine::on_request(const coap::IncomingRequest& message, coap::DeferredId /*deferred*/,
                               ByteSpan space, Instant /*now*/) noexcept {
  coap::Reply reply;
  reply.code = Code::kChanged;
  Request request{{message, tree_, config_.codecs, space, reply}};
  const auto done = serve(request);
  if (!done) reply.code = response_code(done.error());
  return reply;
}

Result<void> Engine::serve(Request& request) noexcept {
  if constexpr (kBootstrap) {
    const bool lingers = bootstrap_.state() == BootstrapState::kLingering;
    if ((bootstrapping() || lingers) && request.message.link == bootstrap_.link) {
      move_bootstrap(BootstrapInput::kOperation);
      return bootstrap_interface_.serve(request);
    }
    if (bootstrapping()) return fail(Errc::kUnauthorized);
  }
  request.server = find_server(request.message.link);
  // A server may ask before the answer to the Register has reached us.
  if (request.server == nullptr ||
      (!request.server->registered() && request.server->state != RegistrationState::kRegistering)) {
    return fail(Errc::kUnauthorized);
  }
  if (!request.find_path(config_.alternate_path)) return fail(Errc::kNotFound);
  if (request.path.depth() > 0 && hidden(request.path.object())) return fail(Errc::kUnauthorized);
  return dispatch(request);
}

/// The right that the operation asks for.
Right Engine::required_right(const Request& request) const noexcept {
  switch (request.message.method) {
    case Code::kPut: return request.writes_attributes() ? Right::kRead : Right::kWrite;
    case Code::kPost: {
      if (request.path.depth() == 1) return Right::kCreate;
      const Object* object = request.path.depth() == 3 ? tree_.find(request.path.object()) : nullptr;
      const ResourceDefinition* definition =
          object != nullptr ? object->definition().find(request.path.resource()) : nullptr;
      const bool runs = definition != nullptr && lwm2m::executable(definition->operations);
      return runs ? Right::kExecute : Right::kWrite;
    }
    case Code::kDelete: return Right::kDelete;
    default: return Right::kRead;
  }
}

Result<void> Engine::dispatch(Request& request) noexcept {
  const coap::IncomingRequest& message = request.message;
  const std::size_t depth = request.path.depth();
  if (kComposite && depth == 0 && message.method == Code::kFetch) return read_composite(request);
  if (kComposite && depth == 0 && message.method == Code::kIPatch) return write_composite(request);
  if (depth == 0) return fail(Errc::kNotAllowed);
  if constexpr (kAccessControl) {
    if (!may(request.server->id, required_right(request), request.path)) return fail(Errc::kUnauthorized);
  }
  switch (message.method) {
    case Code::kGet:
      if (message.accept == static_cast<std::uint16_t>(lwm2m::ContentFormat::kLinkFormat))
        return discover(request);
      return read(request);
    case Code::kPut:
      if (request.writes_attributes()) return write_attributes(request);
      return depth >= 2 ? write(request, WriteKind::kReplace) : fail(Errc::kNotAllowed);
    case Code::kPost:
      if (depth == 1) return create(request);
      if (depth == 2) return write(request, WriteKind::kPartial);
      return depth == 3 ? execute(request) : fail(Errc::kNotAllowed);
    case Code::kDelete: return remove(request);
    default: return fail(Errc::kNotAllowed);
  }
}

/// What `server` may read at or below a path, which may be the root or lead nowhere.
Result<void> Engine::walk_readable(const Path& path, lwm2m::RecordSink sink,
                                   ShortServerId server) const noexcept {
  if (path.depth() > 1) {
    if (hidden(path.object()) || !tree_.check_readable(path) || !may(server, Right::kRead, path)) return {};
    return tree_.walk(path, sink);
  }
  for (const Object* object : tree_.objects()) {
    if (!path.contains(Path(object->id()))) continue;
    for (const InstanceId i : object->instances()) {
      if (const auto walked = walk_readable(Path(object->id(), i), sink, server); !walked) return walked;
    }
  }
  return {};
}

Result<void> Engine::read(Request& request) noexcept {
  if (const auto readable = tree_.check_readable(request.path); !readable) return readable;
  const auto walk = [&](lwm2m::RecordSink sink) {
    return this->walk(request.path, sink, request.server->id);
  };
  if (const auto done = request.encode(request.message.accept, any_format, walk); !done) return done;
  watch(request);
  return {};
}

/// What a read that succeeded says of observing.
void Engine::watch(Request& request, const PathList* paths) noexcept {
  if (request.message.observe == 0U) observe(request, paths);
  if (request.message.observe == 1U) cancel_observation(request, paths);
}

Result<void> Engine::write_attributes(Request& request) noexcept {
  const auto target = tree_.resolve(request.path);
  if (!target) return std::unexpected(target.error());
  const ResourceDefinition* definition = target->definition;
  if (definition != nullptr && !lwm2m::readable(definition->operations)) return fail(Errc::kNotAllowed);
  const ShortServerId server = request.server->id;
  const lwm2m::Attributes* before = attributes_.find(server, request.path);
  lwm2m::Attributes attributes = before != nullptr ? *before : lwm2m::Attributes();
  for (const coap::Option& option : request.message.options) {
    if (option.number != coap::OptionNumber::kUriQuery) continue;
    if (const auto written = attributes.write(option.text()); !written)
      return std::unexpected(written.error());
  }
  if (const auto consistent = attributes.check(); !consistent) return consistent;
  const bool numeric =
      definition != nullptr &&
      (definition->type == lwm2m::DataType::kInteger || definition->type == lwm2m::DataType::kUnsigned ||
       definition->type == lwm2m::DataType::kFloat || definition->type == lwm2m::DataType::kTime);
  if (attributes.has_thresholds() && !numeric) return fail(Errc::kMalformed);
  if (const auto kept = attributes_.set(server, request.path, attributes); !kept) return kept;
  if constexpr (kPersistence) save_soon();
  reschedule(server, request.path);
  emit(EventType::kAttributesWritten, server, request.path);
  return {};
}

Result<void> Engine::execute(Request& request) noexcept {
  const auto target = tree_.resolve(request.path);
  if (!target) return std::unexpected(target.error());
  if (!lwm2m::executable(target->definition->operations)) {
    // The instances of a multiple resource can be written one by one (Core 1.1 §6.3.3).
    return target->definition->multiple ? write(request, WriteKind::kPartial) : fail(Errc::kNotAllowed);
  }
  constexpr auto kText = static_cast<std::uint16_t>(lwm2m::ContentFormat::kText);
  if (request.message.content_format.value_or(kText) != kText) return fail(Errc::kMalformed);
  const std::string_view text = as_text(request.message.payload);
  std::optional<std::string_view> first;  // of argument 0
  lwm2m::ExecuteArgumentReader arguments(text);
  for (;;) {
    const auto argument = arguments.next();
    if (!argument) return std::unexpected(argument.error());
    if (!*argument) break;
    if ((*argument)->digit == 0) first = (*argument)->value;
  }
  if (const auto done = target->object->execute(request.path, text); !done) return done;
  if (const auto obeyed = obey(*request.server, request.path, first); !obeyed) return obeyed;
  emit({.type = EventType::kExecuted, .server = request.server->id, .path = request.path, .text = text});
  return {};
}

Result<void> Engine::remove(Request& request) noexcept {
  if (request.path.depth() != 2) return fail(Errc::kNotAllowed);
  const auto target = tree_.resolve(request.path);
  if (!target) return std::unexpected(target.error());
  const InstanceId instance = request.path.instance();
  if (const auto allowed = target->object->can_remove(instance); !allowed) return allowed;
  if (const auto removed = target->object->remove(instance); !removed) return removed;
  if constexpr (kAccessControl) {
    access_.remove(request.path.object(), instance);
    if (access_.active()) instances_changed(kAccessControlObject);
  }
  instances_changed(request.path.object());
  emit(EventType::kDeleted, request.server->id, request.path);
  request.reply.code = Code::kDeleted;
  return {};
}

}  // namespace linnet::client
