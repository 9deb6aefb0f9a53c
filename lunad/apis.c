#include "lunad.h"

/* Every service exports its table of operations; main's order is this. */
extern const struct api cloudwatch_api;
extern const struct api sqs_api;
extern const struct api sts_api;

const struct api *const lunad_apis[] = {
    &sqs_api,
    &cloudwatch_api,
    &sts_api,
    NULL,
};
