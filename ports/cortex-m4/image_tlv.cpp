// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/tlv.hpp"
#include "one_format.hpp"

int application() {
  static constexpr linnet::lwm2m::Codec codecs[]{linnet::lwm2m::kTlvCodec};
  return image::run_with(codecs);
}
