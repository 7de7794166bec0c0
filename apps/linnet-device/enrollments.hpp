// SPDX-License-Identifier: Apache-2.0
// Certificates that the device enrols for (TS 5.2.4, Security Mode 4; EST over CoAP, RFC 9148): for each
// account a key that is made here and never leaves, and the certificate that the bootstrap server gave for
// it.
//
//   nothing ── begin ──▶ GET crts ──▶ POST sen, or sren ──▶ a certificate ── two thirds of its life ──▶ begin
//
//   part = 1 (server{2} account{32} size{2} key size{2} certificate)*
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kept_sessions.hpp"
#include "linnet/base/time.hpp"
#include "linnet/client/persistence.hpp"
#include "linnet/client/question.hpp"
#include "linnet/tls/certification_request.hpp"
#include "linnet/tls/keys.hpp"

namespace linnet::device {

class Enrollments final : public client::Persistent, private client::Respondent {
 public:
  static constexpr std::size_t kMaxEnrolled = 8;
  static constexpr std::size_t kMaxBytes = 4096;  ///< of a key or a certificate
  /// Between two tries to renew a certificate, however near its end.
  static constexpr Seconds kRenewalPause{3600};

  struct Enrolled {
    AccountHash account{};  ///< of what the account says (without keys: those are here)
    tls::OwnedBytes key;    ///< PKCS#8; wiped when it goes
    tls::OwnedBytes certificate;
    tls::Validity validity;
    Enrolled() = default;
    Enrolled(Enrolled&&) = default;
    Enrolled& operator=(Enrolled&&) = default;
    ~Enrolled();
  };
  /// How the enrolment for a server ended: an empty `reason` is success.
  struct Outcome {
    lwm2m::ShortServerId server = 0;
    Errc why{};
    std::string reason;
  };

  ~Enrollments() { end(); }

  /// A device starts, or stops: what was asked is asked no more.
  void begin(client::Engine& engine, std::string endpoint);
  void end() noexcept;

  /// What there is for an account and is good at `now`; null for nothing.
  [[nodiscard]] const Enrolled* find(lwm2m::ShortServerId server, const AccountHash& account,
                                     UnixTime now) const;
  /// The first account whose certificate has lived two thirds of its life.
  [[nodiscard]] std::optional<lwm2m::ShortServerId> due(UnixTime now) const;
  /// Asks over `link`, which leads to the bootstrap server; one at a time. Anew where there is a certificate.
  void enroll(lwm2m::ShortServerId server, const AccountHash& account, coap::LinkId link, UnixTime now);
  [[nodiscard]] bool busy() const noexcept { return step_ != Step::kNone; }
  /// Of the last `enroll`, once.
  [[nodiscard]] std::optional<Outcome> take_outcome() { return std::exchange(outcome_, std::nullopt); }
  void forget(lwm2m::ShortServerId server) { rows_.erase(server); }
  void clear() { rows_.clear(); }

  [[nodiscard]] std::uint16_t part_id() const noexcept override { return 0x8003; }
  void save(ByteWriter& out) const noexcept override;
  void load(ByteView state) noexcept override;

 private:
  enum class Step : std::uint8_t { kNone, kAuthorities, kCertificate };

  void on_answer(const coap::IncomingResponse& answer) noexcept override;
  void on_no_answer(Errc why) noexcept override;
  void ask_for_certificate();
  void take_certificate(const coap::IncomingResponse& answer);
  void finish(Errc why, std::string reason);

  std::map<lwm2m::ShortServerId, Enrolled> rows_;
  client::Engine* engine_ = nullptr;
  std::unique_ptr<client::Question> question_;
  std::string endpoint_;
  Step step_ = Step::kNone;
  lwm2m::ShortServerId server_ = 0;  // of what is under way
  AccountHash account_{};
  coap::LinkId link_{};
  bool again_ = false;
  tls::OwnedBytes authorities_;
  std::uint16_t authorities_form_ = 0;
  tls::OwnedBytes key_;
  std::map<lwm2m::ShortServerId, UnixTime> tried_;  // renewals
  std::optional<Outcome> outcome_;
};

}  // namespace linnet::device
