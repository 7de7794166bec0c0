// SPDX-License-Identifier: Apache-2.0
// The server's side of a DTLS 1.2 handshake with a pre-shared key, whole or resumed (RFC 6347 §4.2, RFC 4279,
// RFC 5077, RFC 7627). No public keys and no waiting, so that it runs where its datagrams arrive; it takes
// what ServerHandshake would take some 11 kB and a library's session for.
//
//   kKeyExchange --ClientKeyExchange--> kChangeCipherSpec --ChangeCipherSpec--> kFinished --Finished--> done
//   A resumed one begins at kChangeCipherSpec.
#pragma once

#include <nettle/sha2.h>

#include "linnet/server/credentials.hpp"
#include "linnet/tls/client_hello.hpp"
#include "linnet/tls/psk_sessions.hpp"
#include "linnet/tls/server_handshake.hpp"

namespace linnet::tls {

/// A ClientHello that a pre-shared key answers. Views of its datagram.
struct PskOffer {
  ClientHello hello;
  ByteView message;  ///< with its header
  std::uint64_t record_number = 0;
  std::uint16_t message_number = 0;
  Suite suite{};
  std::optional<PskSession> resumed;  ///< the session that it goes on with
};

/// Of a record that CookieGuard::is_client_hello knows and whose cookie is good. Nothing: it is the
/// library's, as the client would rather show a key, or not one of ours to answer; `psk_alone` says that the
/// server has no key.
[[nodiscard]] std::optional<PskOffer> psk_offer(const Record& record, bool psk_alone,
                                                const PskSessions& sessions,
                                                const server::Credentials& credentials, UnixTime now);

/// Not shared between threads. About 1 kB.
class PskHandshake {
 public:
  using State = ServerHandshake::State;

  /// Answers the offer. `sessions` must outlive it.
  PskHandshake(PskSessions& sessions, const HandshakeConfig& config, const PskOffer& offer,
               SendDatagram send);
  PskHandshake(const PskHandshake&) = delete;
  PskHandshake& operator=(const PskHandshake&) = delete;
  ~PskHandshake() { association_.clear(); }

  /// Takes the records of a datagram, any bytes at all, until it has ended or none is left; what stays in
  /// `datagram` then belongs to the association. A protected record is decrypted in place.
  State receive(ByteSpan& datagram, const server::Credentials& credentials, UnixTime now, SendDatagram send);
  /// Sends its flight again: the client repeated its own, or `until_due` is over.
  void repeat(SendDatagram send);
  /// From the last flight to its repetition: doubled each time (RFC 6347 §4.2.4.1).
  [[nodiscard]] Millis until_due() const noexcept { return wait_; }
  /// Whether a ClientHello with this random began it.
  [[nodiscard]] bool begun_by(ByteView random) const noexcept { return equal(random, client_random_); }

  // As ServerHandshake has them.

  [[nodiscard]] const Association& association() const noexcept { return association_; }
  [[nodiscard]] std::vector<OwnedBytes> last_flight() const;
  [[nodiscard]] bool resumed() const noexcept { return resumed_; }

 private:
  enum class Stage : std::uint8_t { kKeyExchange, kChangeCipherSpec, kFinished };
  static constexpr std::size_t kMaxKeyExchange = 2 + kMaxIdentity;
  static constexpr std::size_t kMaxFlight = 768;
  using Random = std::array<std::uint8_t, kRandomSize>;
  using Digest = std::array<std::uint8_t, SHA256_DIGEST_SIZE>;
  enum class Alert : std::uint8_t {
    kUnexpectedMessage = 10,
    kIllegalParameter = 47,
    kDecodeError = 50,
    kDecryptError = 51,
    kInternalError = 80,
    kUnknownPskIdentity = 115,
  };

  void take(const Record& record, const server::Credentials& credentials, UnixTime now, SendDatagram send);
  void take_key_exchange(ByteView content, const server::Credentials& credentials, SendDatagram send);
  void exchange_keys(ByteView message, const server::Credentials& credentials, SendDatagram send);
  void take_finished(const Record& record, UnixTime now, SendDatagram send);
  void finish(UnixTime now, SendDatagram send);
  void fail_with(Alert alert, SendDatagram send);

  [[nodiscard]] bool write_server_hello(const PskOffer& offer);
  [[nodiscard]] bool write_ticket(UnixTime now);
  void expand_keys();
  [[nodiscard]] std::array<std::uint8_t, 12> verify_data(std::string_view label) const;
  [[nodiscard]] Digest transcript() const noexcept;
  void hear(ByteView message) noexcept;

  void begin_flight() noexcept { flight_size_ = 0; }
  void add_message(HandshakeType type, ByteView body);
  void add_record(ContentType type, ByteView content);
  void add_finished();
  void send_flight(SendDatagram send);

  PskSessions& sessions_;
  Millis wait_;
  State state_ = State::kGoing;
  Stage stage_ = Stage::kKeyExchange;
  bool resumed_ = false;
  bool gives_ticket_ = false;
  std::uint8_t id_size_ = 0;         // of the session, where it is to be found by it
  std::uint16_t read_message_ = 0;   // message_seq that is expected
  std::uint16_t write_message_ = 0;  // and that of ours which comes next
  std::uint64_t write_record_ = 0;   // record number in epoch 0
  Random client_random_{}, server_random_{};
  std::array<std::uint8_t, kMaxSessionId> id_{};
  PskSession session_;
  sha256_ctx transcript_{};
  Association association_;
  std::size_t exchange_have_ = 0;  // bytes of a ClientKeyExchange in pieces
  std::array<std::uint8_t, kMaxKeyExchange> exchange_{};
  std::size_t flight_size_ = 0;
  std::array<std::uint8_t, kMaxFlight> flight_{};
};

}  // namespace linnet::tls
