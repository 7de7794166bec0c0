// SPDX-License-Identifier: Apache-2.0
// What an endpoint asks of a security protocol of messages (OSCORE, RFC 8613): to protect what it sends and
// to verify what it gets. It stands between the message layer, which sees protected messages, and
// everything else, which sees plain ones.
#pragma once

#include <cstdint>
#include <type_traits>

#include "linnet/base/result.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/message.hpp"

namespace linnet::coap {

/// How a message is bound to a security context: kept with an exchange or a request. All zero is a message
/// that is not protected.
struct SecurityBinding {
  std::uint64_t request_piv;   ///< of the request
  std::uint64_t own_piv;       ///< of a message of our own, see Protection::number
  std::uint32_t context;       ///< index plus one
  std::uint32_t epoch;         ///< which of the context's keys
  std::uint32_t outer_block1;  ///< beside a reply: what of its request came in parts; as encoded plus one
  std::uint32_t outer_block2;  ///< the request, which was sent, asks for this part of its response; the same
  std::uint16_t gathering;     ///< transfer of these parts, index plus one
  bool own_request;            ///< the request is ours
  bool observe;                ///< it asks to observe
  bool numbered;               ///< `own_piv` makes the nonce
  bool fresh_nonce;            ///< a response may not take the nonce of its request
  bool unproven;               ///< the request may be a replay: only a fresh Echo value shows that it is none
  bool interim;                ///< answered under keys that serve for this one answer
};

/// Stands for a binding in an image that has no protection, and takes no room.
struct NoBinding {
  // NOLINTBEGIN(readability-identifier-naming): they stand for members of SecurityBinding
  static constexpr std::uint32_t context = 0;
  static constexpr bool unproven = false;
  static constexpr bool interim = false;
  // NOLINTEND(readability-identifier-naming)

  constexpr NoBinding& operator=(const SecurityBinding& /*none*/) noexcept { return *this; }
  constexpr operator SecurityBinding() const noexcept {  // NOLINT(google-explicit-constructor): it is one
    return {};
  }
};
using KeptBinding = std::conditional_t<kProtection, SecurityBinding, NoBinding>;

/// A message that came in, as it is after verification.
struct OpenedMessage {
  enum class Verdict : std::uint8_t {
    kPlain,    ///< it is not protected, and need not be
    kOpened,   ///< `message` is what was in it
    kRefused,  ///< a request, to be answered by `refusal`, unprotected
    kIgnored,  ///< a response or notification that does not verify
  };

  Verdict verdict = Verdict::kIgnored;
  Code refusal = Code::kUnauthorized;
  bool ask_again = false;  ///< a response that gave new keys: the request is to be made once more
  SecurityBinding binding{};
  Message message;  ///< views are good until the next message is opened
};

class Protection {
 public:
  /// The most bytes that protection adds to a message.
  static constexpr std::size_t kMaxOverhead = 96;

  /// What a new request over `link` is bound to.
  [[nodiscard]] virtual SecurityBinding bind_request(LinkId link) noexcept = 0;
  /// The same for a notification. kNotFound: it must be protected, and of the observation nothing is known.
  [[nodiscard]] virtual Result<SecurityBinding> bind_notification(LinkId link,
                                                                  const Token& token) noexcept = 0;
  /// Gives a message a Partial IV of its own: once before it is first sent, so that what is sent again has
  /// the same bytes. False: there is none to be had now.
  [[nodiscard]] virtual bool number(SecurityBinding& binding) noexcept = 0;
  /// The protected message of `message`, good until the next call. Fails when the keys of `binding` have
  /// been replaced meanwhile, or the message cannot be protected.
  [[nodiscard]] virtual Result<ByteView> seal(LinkId link, SecurityBinding& binding,
                                              ByteView message) noexcept = 0;

  /// `again`: the message layer knows the request as a duplicate, and it did no more than read.
  [[nodiscard]] virtual OpenedMessage open_request(LinkId link, const Message& message,
                                                   bool again) noexcept = 0;
  [[nodiscard]] virtual OpenedMessage open_response(LinkId link, const SecurityBinding& request,
                                                    const Message& message) noexcept = 0;
  [[nodiscard]] virtual OpenedMessage open_notification(LinkId link, const Message& message) noexcept = 0;
  /// MAX_UNFRAGMENTED_SIZE (RFC 8613 §4.1.3.4.2): bytes of the payload of a protected message that others
  /// cut.
  [[nodiscard]] virtual std::size_t max_unfragmented() const noexcept = 0;
  /// An unproven request came with a fresh Echo value.
  virtual void prove(LinkId link, const SecurityBinding& binding) noexcept = 0;
  /// The peer is gone: what belongs to its observations is forgotten.
  virtual void forget(LinkId link) noexcept = 0;

 protected:
  ~Protection() = default;
};

}  // namespace linnet::coap
