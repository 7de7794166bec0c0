// SPDX-License-Identifier: Apache-2.0
#include "role.hpp"

#include <stdexcept>

#include "linnet/coap/message.hpp"

namespace linnet::conformance {

namespace {

constexpr coap::LinkId kLink{0};
constexpr coap::LinkId kBootstrapLink{1};
constexpr std::uint8_t kTypeBits = 0x30, kConfirmableBits = 0x00, kEmptyAcknowledgement = 0x60;
constexpr Millis kWall = Seconds(1'700'000'000);
constexpr unsigned kObserve = 6, kContentFormat = 12, kUriQuery = 15, kAccept = 17, kBlock1 = 27, kSize1 = 60;

Bytes next_of(std::deque<Bytes>& queue) {
  if (queue.empty()) return {};
  Bytes bytes = std::move(queue.front());
  queue.pop_front();
  return bytes;
}

Bytes empty_message(Kind kind, std::uint16_t id) {
  return {static_cast<std::uint8_t>(0x40U | static_cast<unsigned>(kind) << 4U), 0,
          static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id)};
}

/// The second segment of the location that this 2.01 gives; empty in any other message.
std::string place_in(const Bytes& sent, bool frame) {
  const auto message = frame ? coap::Message::decode_frame(sent) : coap::Message::decode(sent);
  std::vector<std::string> segments;
  if (!message) return {};
  for (const coap::Option& option : message->options()) {
    if (option.number == coap::OptionNumber::kLocationPath) segments.emplace_back(option.text());
  }
  return segments.size() == 2 && segments[0] == "rd" ? segments[1] : std::string();
}

/// Bytes of a frame in front of its token, by the nibble of its length (RFC 8323 §3.2).
constexpr std::size_t frame_header(unsigned length) {
  return length < 13 ? 2 : length == 13 ? 3 : length == 14 ? 4 : 6;
}

/// The frame that a datagram's message is on a connection: type and Message ID go, a length comes.
Bytes framed(const Bytes& datagram) {
  const std::size_t token = datagram[0] & 15U;
  const auto size = static_cast<std::uint32_t>(datagram.size() - 4 - token);
  const unsigned length = size < 13 ? size : size < 269 ? 13 : 14;
  Bytes frame{static_cast<std::uint8_t>(length << 4U | token)};
  if (length == 14) frame.push_back(static_cast<std::uint8_t>((size - 269) >> 8U));
  if (length == 14) frame.push_back(static_cast<std::uint8_t>(size - 269));
  if (length == 13) frame.push_back(static_cast<std::uint8_t>(size - 13));
  frame.push_back(datagram[1]);
  frame.insert(frame.end(), datagram.begin() + 4, datagram.end());
  return frame;
}

/// The operation whose request this message is. Views live as long as the message.
struct Asked {
  explicit Asked(const Message& request);
  std::vector<lwm2m::AttributeWrite> attributes;
  std::vector<lwm2m::Path> paths;
  server::Operation operation;
};

/// The names of a composite request's pack.
std::vector<lwm2m::Path> names_in(lwm2m::ContentFormat format, std::string_view pack) {
  std::vector<lwm2m::Path> paths;
  std::array<std::uint8_t, 64> scratch{};
  const auto type_of = [](const lwm2m::Path&) { return lwm2m::DataType::kNone; };
  const auto take = [&](const lwm2m::Record& record) -> Result<void> {
    paths.push_back(record.path);
    return {};
  };
  EXPECT_TRUE(lwm2m::decode(format, lwm2m::Path(), as_bytes(pack), type_of, scratch, take));
  return paths;
}

Asked::Asked(const Message& request) {
  using Operation = server::OperationKind;
  bool queried = false;
  for (const auto& [number, value] : request.options) {
    if (number == kUriPath) operation.path = operation.path.child(lwm2m::Path::parse_segment(value).value());
    if (number != kUriQuery) continue;
    queried = true;
    attributes.push_back(lwm2m::parse_attribute_write(value).value());
  }
  operation.attributes = attributes;
  const auto format = request.find(kContentFormat), accept = request.find(kAccept);
  const auto observe = request.find(kObserve);
  operation.payload = as_bytes(request.body);
  if (format) operation.format = static_cast<lwm2m::ContentFormat>(*format);
  const std::size_t depth = operation.path.depth();
  switch (request.code) {
    case 0x01:
      if (accept) operation.format = static_cast<lwm2m::ContentFormat>(*accept);
      operation.kind = observe == 0U           ? Operation::kObserve
                       : observe == 1U         ? Operation::kCancelObserve
                       : accept == kLinkFormat ? Operation::kDiscover
                                               : Operation::kRead;
      if (operation.kind == Operation::kDiscover) operation.format.reset();
      return;
    case 0x02:
      operation.kind = depth == 1   ? Operation::kCreate
                       : depth == 2 ? Operation::kWriteUpdate
                                    : Operation::kExecute;
      if (depth == 3) operation.arguments = std::exchange(operation.payload, {}).empty() ? "" : request.body;
      return;
    case 0x03: operation.kind = queried ? Operation::kWriteAttributes : Operation::kWriteReplace; return;
    case 0x04: operation.kind = Operation::kDelete; return;
    case 0x05:
      operation.kind = observe == 0U   ? Operation::kObserveComposite
                       : observe == 1U ? Operation::kCancelObserveComposite
                                       : Operation::kReadComposite;
      paths = names_in(*operation.format, request.body);
      operation.paths = paths;
      operation.payload = {};
      return;
    default: operation.kind = Operation::kWriteComposite; return;
  }
}

}  // namespace

Message register_message(const std::string& objects) {
  return post("/rd")
      .query("ep=" + std::string(kEndpoint))
      .query("lt=86400")
      .query("lwm2m=1.1")
      .query("b=U")
      .payload(kLinkFormat, "</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 11543\",</1>;ver=1.1," + objects);
}

Message registered_answer() {
  return created().location("/rd/*");
}

std::string Case::uri_of(std::string_view place) const {
  static constexpr std::array kSchemes{"coap", "coap+tcp", "coaps", "coaps+tcp"};
  return std::string(kSchemes[transport()]) + "://" + std::string(place);
}

void Case::start(std::vector<client::Object*> extra) {
  if (transport() != 0) {
    device.uri = uri_of("192.0.2.1");
    device.bootstrap_uri = uri_of("192.0.2.9");
  }
  if (over_stream()) {
    device.link_traits.stream = true;
    device.binding = "T";
    server.links.traits_of_all.stream = true;
    bootstrap.links.traits_of_all.stream = true;
  }
  if (has_device()) {
    device.start(std::move(extra), now);
    ASSERT_TRUE(device.ready);
  }
  if (has_server()) {
    server.start();
    ASSERT_TRUE(server.ready);
  }
  if (secured() && device.account) {
    if (has_device()) take_psk(*device.security.get(0));
    secure_with_psk(0);
  }
  if (secured() && device.bootstrap_account) {
    if (has_device()) take_psk(*device.security.get(kBootstrapAccount));
    secure_with_psk(kBootstrapAccount);
  }
}

void Case::secure_with_psk(client::InstanceId account) {
  server::Credential credential;
  credential.endpoint = kEndpoint;
  credential.mode = server::CredentialMode::kPreSharedKey;
  credential.identity.assign(kIdentity.begin(), kIdentity.end());
  credential.key.assign(kKey.begin(), kKey.end());
  const std::vector<server::CredentialChange> changes{{.put = std::move(credential)}};
  const auto known = server::Credentials::none()->apply(changes);
  ASSERT_TRUE(known);
  const tls::OwnedBytes key(kKey.begin(), kKey.end());
  SecuredEnds ends;
  ends.transport = over_stream() ? tls::Transport::kStream : tls::Transport::kDatagram;
  ends.device = {.transport = ends.transport, .identity = std::string(kIdentity), .key = key};
  ends.credentials = *known;
  ends.server.transport = ends.transport;
  ends.server.identity = kIdentity;
  ends.server.key = key;
  ASSERT_TRUE(secure(std::move(ends), account).shake_hands());
}

void Case::take_psk(Account& account) {
  account.mode = Account::kPsk;
  account.identity.assign(as_bytes(kIdentity));
  account.secret_key.assign(kKey);
}

SecuredWay& Case::secure(SecuredEnds ends, client::InstanceId account) {
  const Peer other = account == kBootstrapAccount ? Peer::kBootstrapServer : Peer::kServer;
  const auto at = static_cast<std::size_t>(other);
  ends.our_device = has_device();
  ends.our_server = has_server();
  if (has_device()) {
    rooms_[at].assign(8192, 0);
    auto parameters = client::read_security(device.engine.objects(), account, rooms_[at]);
    if (!parameters) throw std::runtime_error("the account cannot be read");
    if (parameters->mode == client::SecurityMode::kEst) {
      parameters->mode = client::SecurityMode::kCertificate;
      parameters->identity = ends.parameters.identity;
      parameters->secret_key = ends.parameters.secret_key;
    }
    ends.parameters = *parameters;
  }
  ways_[at] = std::make_unique<SecuredWay>(std::move(ends));
  return *ways_[at];
}

Bytes Case::carry(const Bytes& message, End from) {
  return way() != nullptr ? way()->carry(message, from == End::kDevice) : message;
}

void Case::registered(std::vector<client::Object*> extra, const std::string& objects) {
  start(std::move(extra));
  const std::string others = objects.empty() ? "" : "," + objects;
  tell({}, register_message("</1/0>,</3>;ver=1.1,</3/0>" + others), registered_answer());
}

void Case::tell(const Trigger& trigger, const Message& request, const Message& response) {
  if (has_device()) {
    if (trigger) trigger();
    device.engine.step(now);
  }
  const Sent sent = said(End::kDevice, request, Kind::kConfirmable, {next_token_++});
  if (has_server()) to_server(sent.datagram);
  const Bytes reply = replied(End::kServer, response, sent.head);
  if (has_device()) to_device(reply);
  // One that came by itself is acknowledged.
  if (!has_server() || over_stream() || reply.empty() || (reply[0] & kTypeBits) != kConfirmableBits) return;
  const Bytes acknowledgement{kEmptyAcknowledgement, 0, reply[2], reply[3]};
  if (has_device()) {
    EXPECT_EQ(show(carry(next_of(sent_by(End::kDevice)), End::kDevice)), show(acknowledgement));
  }
  to_server(acknowledgement);
}

void Case::perform(const Message& request) {
  if (!has_server()) return;
  const Asked asked(request);
  const auto started = server.engine.perform(registration(), asked.operation, now);
  ASSERT_TRUE(started) << "our server refuses this operation";
  operation_ = *started;
  server.engine.step(now);
}

void Case::end(const Message& response, const Bytes& reply) {
  if (!has_server()) return;
  server.listener.results.clear();
  to_server(reply);
  ASSERT_EQ(server.listener.results.size(), 1U);
  const auto& result = server.listener.results.front();
  EXPECT_EQ(result.id, operation_);
  EXPECT_FALSE(result.failure);
  EXPECT_EQ(static_cast<std::uint8_t>(result.code), response.code);
  EXPECT_EQ(std::string(result.payload.begin(), result.payload.end()), response.body);
}

void Case::ask(const Message& request, const Message& response) {
  const Message asked = as_carried(request);
  const Message answered = as_carried(response);
  perform(asked);
  end(answered, exchange(asked, answered));
}

Message Case::as_carried(const Message& message) const {
  Message same = message;
  if (!over_stream()) return same;
  if (same.body == "aU") same.body = "aT";  // CBOR
  for (const std::string_view before : {R"("7","vs":")", R"("7","sv":")", R"(/7","vs":")",
                                        "a7\x03"
                                        "a",
                                        "\xC1\x07"}) {
    const std::size_t at = same.body.find(std::string(before) + 'U');
    if (at != std::string::npos) same.body[at + before.size()] = 'T';
  }
  return same;
}

void Case::ask_in_blocks(const Message& request, const Message& response) {
  constexpr std::uint32_t kBlock = 1024, kSzx = 6, kMore = 8;
  const auto size = static_cast<std::uint32_t>(request.body.size());
  perform(request);
  for (std::uint32_t offset = 0;; offset += kBlock) {
    const bool more = size - offset > kBlock;
    const std::uint32_t block = offset / kBlock << 4U | (more ? kMore : 0) | kSzx;
    Message part = request;
    part.body = request.body.substr(offset, kBlock);
    part.option(kBlock1, block);
    if (offset == 0) part.option(kSize1, size);
    Message reply = more ? answer(2, 31) : response;
    reply.option(kBlock1, block);
    const Bytes sent = exchange(part, reply);
    if (!more) return end(response, sent);
    if (has_server()) to_server(sent);
  }
}

Bytes Case::exchange(const Message& request, const Message& response) {
  // A cancellation carries the token of what it cancels (RFC 7641 §3.6).
  const auto observe = request.find(kObserve);
  const Bytes token = observe == 1U ? observed_ : Bytes{next_token_++};
  const Sent sent = said(End::kServer, request, Kind::kConfirmable, token);
  if (observe == 0U) observed_ = sent.head.token;
  if (has_device()) to_device(sent.datagram);
  return replied(End::kDevice, response, sent.head);
}

void Case::follows(const Message& request, const Message& response) {
  const Bytes reply = exchange(request, response);
  if (has_server()) to_server(reply);
}

void Case::hold(const Message& request) {
  if (!has_server()) return;
  const Asked asked(request);
  EXPECT_FALSE(server.engine.awake(registration(), now));
  ASSERT_TRUE(server.engine.enqueue(registration(), asked.operation, {}, now, kWall));
  server.engine.step(now);
  expect_no_answer();
}

void Case::released(const Message& request, const Message& response) {
  const Bytes reply = exchange(request, response);
  if (!has_server()) return;
  server.listener.queue.clear();
  to_server(reply);
  ASSERT_FALSE(server.listener.queue.empty());
  EXPECT_TRUE(server.listener.queue.front().starts_with("done ")) << server.listener.queue.front();
}

void Case::notified(const Trigger& trigger, const Message& message, Reaction reaction) {
  if (has_device()) {
    if (trigger) trigger();
    device.engine.step(now);
  }
  const bool taken = reaction == Reaction::kTaken;
  const Sent sent = said(End::kDevice, message, Kind::kNonConfirmable, observed_);
  EXPECT_EQ(show(sent.head.token), show(observed_));
  if (has_server()) {
    server.listener.values.clear();
    to_server(sent.datagram);
    ASSERT_EQ(server.listener.values.size(), taken ? 1U : 0U);
    if (taken) {
      const Bytes& payload = server.listener.values.front().payload;
      EXPECT_EQ(std::string(payload.begin(), payload.end()), message.body);
    }
  }
  // A connection has no acknowledgements, and no Reset (RFC 8323 §2.1).
  if (over_stream() || (taken && message.kind.value_or(Kind::kNonConfirmable) != Kind::kConfirmable)) {
    return expect_no_answer();
  }
  const Bytes answer = empty_message(taken ? Kind::kAcknowledgement : Kind::kReset, sent.head.id);
  if (has_server()) {
    EXPECT_EQ(show(next_of(from_server())), show(answer));
  }
  const Bytes arrived = carry(answer, End::kServer);
  if (has_device()) to_device(arrived);
}

void Case::pass(Millis span) {
  const Instant end = now + span;
  const auto wakes = [&](Instant next, Instant deadline) { return std::min(next, std::max(deadline, now)); };
  for (;;) {
    Instant next = end;
    if (has_device()) next = wakes(next, device.engine.next_deadline());
    if (has_server()) next = wakes(next, server.engine.next_deadline());
    now = next;
    if (has_device()) device.engine.step(now);
    if (has_server()) server.engine.step(now);
    if (now == end || (has_device() && !device.sent.empty())) return;
  }
}

void Case::pass_quietly(Millis span) {
  const Instant end = now + span;
  pass(span);
  EXPECT_EQ(now, end);
  if (has_device()) {
    EXPECT_TRUE(device.sent.empty()) << show(device.sent.front());
  }
  expect_no_answer();
}

server::RegistrationId Case::registration() const {
  return server.engine.find(kEndpoint).value_or(server::RegistrationId{});
}

Case::Head Case::head_of(const Bytes& sent) const {
  const std::size_t before = over_stream() && !sent.empty() ? frame_header(sent[0] >> 4U) : 4;
  if (sent.size() < before) return {};
  const auto size = std::min<std::size_t>(sent[0] & 15U, sent.size() - before);
  const auto token = sent.begin() + static_cast<std::ptrdiff_t>(before);
  return {over_stream() ? std::uint16_t{0} : static_cast<std::uint16_t>(sent[2] << 8U | sent[3]),
          Bytes(token, token + static_cast<std::ptrdiff_t>(size))};
}

Bytes Case::written(const Message& message, Kind kind, const Head& head) const {
  if (!over_stream()) return message.encode(kind, head.id, head.token, place_);
  Message same = message;
  for (auto& [number, value] : same.options) {
    if (number == kUriQuery && value.starts_with("b=U")) value[2] = 'T';
  }
  return framed(same.encode(kind, 0, head.token, place_));
}

void Case::to_device(const Bytes& datagram) {
  device.engine.receive(peer == Peer::kServer ? kLink : kBootstrapLink, datagram, now);
  device.engine.step(now);
}

void Case::to_server(const Bytes& datagram) {
  if (peer == Peer::kServer) return server.engine.receive(kLink, datagram, now);
  bootstrap.engine.receive(kBootstrapLink, datagram, now);
  bootstrap.engine.step(now);
}

std::deque<Bytes>& Case::from_server() {
  return peer == Peer::kServer ? server.links.sent[0] : bootstrap.links.sent[1];
}

void Case::expect_no_answer() {
  if (has_server()) {
    EXPECT_TRUE(from_server().empty()) << show(from_server().front());
  }
}

std::deque<Bytes>& Case::sent_by(End end) {
  return end == End::kDevice ? device.sent : from_server();
}

Case::Sent Case::said(End end, const Message& message, Kind kind, const Bytes& token) {
  if (message.kind) kind = *message.kind;
  if (!ours(end)) {
    const Head head{next_id_++, token};
    return {carry(written(message, kind, head), end), head};
  }
  const Bytes sent = carry(next_of(sent_by(end)), end);
  const Head head = head_of(sent);
  EXPECT_EQ(show(sent), show(written(message, kind, head)));
  return {sent, head};
}

Bytes Case::replied(End end, const Message& message, const Head& head) {
  if (!ours(end)) return carry(written(message, Kind::kAcknowledgement, head), end);
  const Bytes sent = carry(next_of(sent_by(end)), end);
  if (end == End::kServer && !over_stream() && sent.size() == 4 && sent[0] == kEmptyAcknowledgement) {
    // A reply that may be neither lost nor made again comes by itself (RFC 7252 §5.2.2).
    if (has_device()) to_device(sent);
    const Bytes separate = carry(next_of(sent_by(end)), end);
    EXPECT_EQ(show(separate), show(written(message, Kind::kConfirmable, {head_of(separate).id, head.token})));
    return separate;
  }
  if (const std::string place = place_in(sent, over_stream()); !place.empty()) place_ = place;
  EXPECT_EQ(show(sent), show(written(message, Kind::kAcknowledgement, head)));
  return sent;
}

}  // namespace linnet::conformance
