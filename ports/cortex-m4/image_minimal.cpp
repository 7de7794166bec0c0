// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/senml_cbor.hpp"
#include "one_format.hpp"

int application() {
  static constexpr linnet::lwm2m::Codec codecs[]{linnet::lwm2m::kSenmlCborCodec};
  return image::run_with(codecs);
}
