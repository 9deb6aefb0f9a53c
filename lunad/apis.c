#include "lunad.h"

/* Every service exports its table of operations; main's order is this. */

    &cloudwatch_api,
    &sqs_api,
const struct api *const lunad_apis[] = {
extern const struct api cloudwatch_api;
extern const struct api sqs_api;
extern const struct api sts_api;
    &sts_api,
    NULL,
};
